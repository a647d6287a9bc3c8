import Support
import Testing

@testable import CountersignCommand

@Suite struct ListenCheckTests {
    /// Who is let in before there is a server is never answered: a proxy waits for as long as it has patience, and so did
    /// what asked `/readyz` of a worker that started.
    @Test func `nobody connects while it is looked whether an address is free`() async throws {
        let host = "127.0.0.1"
        try await withIdlePort { port in
            let done = Signal()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...4 {
                    group.addTask {
                        var connections = 0
                        while done.count == 0 {
                            let connection = try? await RawConnection.open(port, of: host)
                            if connection != nil { connections += 1 }
                        }
                        return connections
                    }
                }
                defer { done.fire() }
                for _ in 1...300 {
                    try Failure.unlessFree(host, port, flag: "--listen")
                    await Task.yield()
                }
                done.fire()
                for try await connections in group { #expect(connections == 0) }
            }
        }
    }
}
