import Foundation
import Support
import Testing

extension ScratchServer {
    /// Nothing is written to disk during the body but what a session waits for. Then the server ends as after a crash of one of
    /// its processes, and is back when this returns.
    func crash<T>(after body: () async throws -> T) async throws -> T {
        let writer = pid_t(
            try await number("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"))
        #expect(kill(writer, SIGSTOP) == 0)
        let value = try await body()
        let isThere = "SELECT count(*) FROM pg_stat_activity WHERE pid = \(writer)"
        #expect(kill(writer, SIGKILL) == 0)
        try await eventually("it is back") { (try? await number(isThere)) == 0 }
        return value
    }
}
