import Countersign
import Hummingbird
import Postgres
import ServiceLifecycle
import Synchronization

/// Server-sent events (HTML Living Standard section 9.2): a page's inner part, whenever it has changed.
extension Console {
    static let interval = Duration.seconds(2)

    func live(_ request: Request, _ name: String?) async throws -> Response {
        guard let page = name.flatMap(ConsolePage.init), page.isLive else {
            return .plainError(.notFound, "There is no such page.")
        }
        let known = try await pool.withConnection { try await session(of: request, &$0) }
        guard known != nil else { return .plainError(.unauthorized, "Sign in first.") }
        guard streams.begin() else { return .plainError(.serviceUnavailable, "Too many pages are open.") }
        let body = ResponseBody { writer in
            defer { streams.end() }
            var last = ""
            while let event = try await nextEvent(page, request, after: &last) {
                try await writer.write(ByteBuffer(string: event))
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
            }
            try await writer.finish(nil)
        }
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Nil when the session is over or the process ends.
    private func nextEvent(
        _ page: ConsolePage, _ request: Request, after last: inout String
    ) async throws -> String? {
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return nil }
        let inner = try await pool.withConnection { connection -> String? in
            guard let session = try await session(of: request, &connection) else { return nil }
            return try await page.render(nil, session.frame, &connection)
        }
        guard let inner else { return nil }
        // A comment shows that the reader is still there.
        defer { last = inner }
        return inner == last ? ": \n\n" : "data: \(jsonString(inner))\n\n"
    }
}

/// A JSON string is one line, as an event's data must be.
private func jsonString(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> String in
        switch scalar.value {
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0...0x1F: "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
        default: String(scalar)
        }
    }
    return "\"\(scalars.joined())\""
}

/// How many pages follow at once.
final class StreamLimit: Sendable {
    private let open = Mutex(0)

    func begin() -> Bool {
        open.withLock { open in
            guard open < 64 else { return false }
            open += 1
            return true
        }
    }

    func end() { open.withLock { $0 -= 1 } }
}

/// Five wrong passwords of a name in a minute, or thirty of all names, and nobody is let try until it has passed.
actor LoginThrottle {
    private var failures: [(name: String, at: ContinuousClock.Instant)] = []

    func allows(_ name: String) -> Bool {
        failures.removeAll { $0.at.duration(to: .now) > .seconds(60) }
        return failures.count < 30 && failures.count { $0.name == name } < 5
    }

    func failed(_ name: String) { failures.append((name, .now)) }
}
