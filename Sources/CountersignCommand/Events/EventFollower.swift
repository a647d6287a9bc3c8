import Administration
import Postgres

/// Prints events as they come, until it is interrupted.
struct EventFollower {
    private var stream: EventStream
    private let printer: EventPrinter
    private let file: CursorFile?
    private var backoff = Backoff()

    /// As long between two looks, at least; and ten times as long as a look takes, for the server's sake.
    private static let pause = Duration.seconds(1)
    private static let pageSize = 1_000

    init(
        _ wanted: FollowOptions.Wanted, _ filter: AuditEvent.Filter, showsUsers: Bool,
        _ connection: inout Connection
    ) async throws {
        var filter = filter
        filter.limit = Self.pageSize
        file = wanted.file
        printer = EventPrinter(wanted, showsUsers: showsUsers)
        if let cursor = try wanted.after ?? file?.read() {
            stream = EventStream(after: cursor, filter, showsUsers: showsUsers)
        } else {
            let start = try await EventStream.begin(since: filter.since, &connection)
            stream = EventStream(after: start, filter, showsUsers: showsUsers)
            try file?.save(start)
        }
    }

    mutating func run(_ connection: inout Connection) async throws {
        while true {
            do {
                let took = try await look(&connection)
                backoff.reset()
                try await Task.sleep(for: max(Self.pause, took * 10))
            } catch let error as PostgresError where error.isConnectionLoss {
                writeError("countersign: the connection to the database was lost: \(plain(error.message))")
                try await reconnect(&connection)
            }
        }
    }

    /// Prints all that there is now. How long the last page took.
    private mutating func look(_ connection: inout Connection) async throws -> Duration {
        while true {
            let began = ContinuousClock.now
            let lines = try await stream.next(&connection)
            let took = ContinuousClock.now - began
            guard !lines.isEmpty else { return took }
            let cursor = stream.cursor
            // A signal ends the command before or after both.
            try Interruption.shared.hold {
                write(lines.map(printer.line).joined(), terminator: "")
                try file?.save(cursor)
            }
        }
    }

    /// Tries until it succeeds. Says each time that there is another reason why it does not.
    private mutating func reconnect(_ connection: inout Connection) async throws {
        var reason = ""
        while true {
            try await backoff.wait()
            do {
                connection = try await connection.another()
                Interruption.shared.watch(connection, instead: true)
                return writeError("countersign: connected again")
            } catch {
                guard error.isConnectionLoss else { throw error }
                if error.message != reason { writeError("countersign: \(plain(error.message))") }
                reason = error.message
            }
        }
    }
}
