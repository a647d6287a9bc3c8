import Administration
import Countersign
import HTTPService
import Hummingbird
import NIOCore
import Postgres
import ServiceLifecycle

/// The audit trail as JSON lines (one object a line, https://jsonlines.org), the newest first, by the filter of its page.
///
/// One that cannot go on is cut off without the end of a body (RFC 9112 section 7.1), so that nobody takes it for a whole one.
extension Console {
    private static let mostExported = 100_000

    @Sendable func exportEvents(_ request: IncomingRequest) async throws -> Response {
        let place = ConsolePlace(.events, try request.query().values)
        // What is refused is refused before the first line.
        guard let start = try await begin(place, request) else { return .toLogin(request, next: place) }
        var headers = HTTPFields.page(forms: true)
        headers[.contentType] = "application/jsonl; charset=utf-8"
        headers[.contentDisposition] = "attachment; filename=\"events.jsonl\""
        let body = ResponseBody { writer in
            var (portion, count) = (start, 0)
            while true {
                for part in portion.parts { try await writer.write(ByteBuffer(string: part)) }
                count += portion.lines.count
                guard let next = portion.next, count < Self.mostExported else { break }
                guard !Task.isShuttingDownGracefully, let more = try await self.follow(start, next, request)
                else { throw ExportCutOff() }
                portion = more
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Some of the events, and what they were asked for by whom: it stays the same to the last line.
    private struct Portion {
        let filter: AuditEvent.Filter
        let frame: PageFrame
        let lines: [String]
        let next: Identifier?

        init(
            _ filter: AuditEvent.Filter, _ frame: PageFrame, _ connection: inout Connection
        ) async throws {
            let (events, next) = try await AuditEvent.portion(filter, &connection)
            (self.filter, self.frame, self.next) = (filter, frame, next)
            lines = events.map { $0.json(showsUsers: frame.isAdmin) + "\n" }
        }

        /// Some 64 KiB each: a part has to be taken within the time that the server gives a write, also by a slow line.
        var parts: [String] {
            lines.reduce(into: [""]) { parts, line in
                if parts[parts.count - 1].utf8.count < 65_536 {
                    parts[parts.count - 1] += line
                } else {
                    parts.append(line)
                }
            }
        }
    }

    /// Nil when nobody has signed in.
    private func begin(_ place: ConsolePlace, _ request: IncomingRequest) async throws -> Portion? {
        let known = try await pool.withConnection { try await session(of: request, &$0) }
        guard let frame = known.map({ self.frame(of: $0) }) else { return nil }
        return try await readHistory { connection, _ in
            let now = try await connection.run(ReadClock()).one().time
            do {
                var filter = try AuditEvent.Filter(place, now, frame)
                (filter.before, filter.limit) = (nil, 1_000)
                return try await Portion(filter, frame, &connection)
            } catch let error as UnreadableInput {
                throw Problem.invalidRequest("\(error).")
            } catch let error as AdministrationError {
                throw Problem.invalidRequest("\(error).")
            }
        }
    }

    /// Nil when the session is over, or the account may do something else than when it asked.
    private func follow(
        _ start: Portion, _ before: Identifier, _ request: IncomingRequest
    ) async throws -> Portion? {
        let known = try await pool.withConnection { try await session(of: request, isUsed: false, &$0) }
        guard let frame = known.map({ self.frame(of: $0) }) else { return nil }
        guard (frame.role, frame.portal) == (start.frame.role, start.frame.portal) else { return nil }
        return try await readHistory { connection, _ in
            var filter = start.filter
            filter.before = before
            return try await Portion(filter, frame, &connection)
        }
    }
}

/// Who asked may not read on, or the program ends.
private struct ExportCutOff: Error {}
