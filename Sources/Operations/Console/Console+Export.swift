import Administration
import Countersign
import HTTPService
import Hummingbird
import NIOCore
import Postgres
import ServiceLifecycle

/// The audit trail as JSON lines (one object a line, https://jsonlines.org), the newest first, by the filter of its page.
extension Console {
    private static let mostExported = 100_000

    @Sendable func exportEvents(_ request: IncomingRequest) async throws -> Response {
        let place = ConsolePlace(.events, try request.query().values)
        // What is refused is refused before the first line.
        guard let start = try await portion(place, nil, request) else {
            return .toLogin(request, next: place)
        }
        var headers = HTTPFields.page(forms: true)
        headers[.contentType] = "application/jsonl; charset=utf-8"
        headers[.contentDisposition] = "attachment; filename=\"events.jsonl\""
        let body = ResponseBody { writer in
            var (portion, count) = (start, 0)
            while true {
                try await writer.write(ByteBuffer(string: portion.lines.joined()))
                count += portion.lines.count
                guard let next = portion.next, count < Self.mostExported, !Task.isShuttingDownGracefully,
                    let more = try await self.portion(place, next, request)
                else { break }
                portion = more
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private struct Portion {
        let lines: [String]
        let next: Identifier?
    }

    /// Nil when nobody has signed in, or no longer.
    private func portion(
        _ place: ConsolePlace, _ before: Identifier?, _ request: IncomingRequest
    ) async throws -> Portion? {
        try await pool.withConnection { connection in
            guard let session = try await session(of: request, isUsed: before == nil, &connection) else {
                return nil
            }
            let frame = frame(of: session)
            let now = try await connection.run(ReadClock()).one().time
            do {
                var filter = try AuditEvent.Filter(place, now, frame)
                filter.before = before
                filter.limit = 1_000
                let (events, next) = try await AuditEvent.portion(filter, &connection)
                return Portion(lines: events.map { $0.json(showsUsers: frame.isAdmin) + "\n" }, next: next)
            } catch let error as UnreadableInput {
                throw Problem.invalidRequest("\(error).")
            } catch let error as AdministrationError {
                throw Problem.invalidRequest("\(error).")
            }
        }
    }
}
