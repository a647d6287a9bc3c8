import Countersign
import HTTPService
import Hummingbird
import Postgres
import ServiceLifecycle

/// Server-sent events (HTML Living Standard section 9.2): a page's inner part, whenever it has changed.
extension Console {
    static let interval = Duration.seconds(2)

    @Sendable func live(_ request: IncomingRequest) async throws -> Response {
        let place = try place(request)
        guard place.isLive else { throw Problem.notFound }
        let known = try await pool.withConnection { try await session(of: request, isUsed: false, &$0) }
        guard let known else { throw Problem(.unauthorized, "signed_out", "Sign in first.") }
        try frame(of: known).check(place.page)
        guard let stream = streams.place() else {
            throw Problem.unavailable("temporarily_unavailable", "Too many pages are open.")
        }
        return .events { writer in
            defer { withExtendedLifetime(stream) {} }
            var last = ""
            while let inner = try await inner(place, request) {
                if inner == last {
                    try await writer.sendNothing()
                } else {
                    try await writer.send(event: jsonText(inner))
                }
                last = inner
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
            }
        }
    }

    /// Nil when the session is over or the process ends.
    private func inner(_ place: ConsolePlace, _ request: IncomingRequest) async throws -> String? {
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return nil }
        return try await look(place, request, follows: true)?.inner
    }
}
