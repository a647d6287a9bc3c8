import Administration
import Postgres

/// Prints events as they come, until it is interrupted.
struct EventFollower {
    private var stream: EventStream
    private let printer: EventPrinter
    private let file: CursorFile?
    private var reconnection = Reconnection()

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
                reconnection.reset()
                try await Task.sleep(for: max(Self.pause, took * 10))
            } catch let error as PostgresError where error.isConnectionLoss {
                try await reconnection.run(&connection, after: error)
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
}
