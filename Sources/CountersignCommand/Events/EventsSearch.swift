import Administration
import ArgumentParser
import Postgres

struct EventsSearch: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Search the audit trail, the newest first.",
        discussion: """
            Types: \(AuditEvent.listOfTypes). Kept for 400 days, request.started for 30.

            Users, actors and details are shown only to members of countersign_admin. There, --json holds the \
            evidence of each signed answer. It takes no locks.

            With --follow it goes on: each event once it can be seen, in the order in which that happens, none twice and \
            none missed however late its transaction commits. It connects again when it has to. With --cursor it goes \
            on where it was after a restart. What a crash between a line and the file would repeat, the cursor in each \
            line of JSON and syslog tells: store both at once and give the last one as --after. Starts of requests, of \
            which there is no event of their own, are not followed.

            Examples:
              countersign events search --since 15m
              countersign events search --user alice --type request,enrollment
              countersign events search --transaction 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
              countersign events search --since 2026-01-31T08:00:00Z --limit 1000 --json
              countersign events search --type submission.rejected
              countersign events search --follow --format json --cursor events.cursor
            """)
    static let role: GroupRole? = .monitor

    @Option(help: "Only of this user. Needs a member of countersign_admin.")
    var user: String?

    @Option(help: "Only of this request.")
    var transaction: String?

    @Option(help: "Only of these types, separated by commas: whole names, or the word before the dot.")
    var type: String?

    @Option(help: ArgumentHelp("Not before then: \(Since.allowed).", valueName: "time"))
    var since: String?

    @Option(help: "How many at most, 1 to 100000. (default: 100)")
    var limit: Int?

    @OptionGroup var following: FollowOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var filter = AuditEvent.Filter(limit: 100)
    private var start: Since?
    private var follows: FollowOptions.Wanted?

    mutating func prepare() throws {
        let environment = Environment.current
        let types = try (type ?? environment.text("type")).map(eventTypes)
        filter = AuditEvent.Filter(
            userID: user ?? environment.text("user"),
            transactionID: try (transaction ?? environment.text("transaction")).map {
                try readIdentifier($0, "a transaction id")
            }, types: types,
            limit: try listLimit(limit, environment))
        start = try (since ?? environment.text("since")).map(Since.init(typed:))
        follows = try following.wanted(environment, json: output.wantsJSON)
        guard follows != nil else { return }
        guard limit == nil && environment.text("limit") == nil else {
            throw Failure(.usage, "--limit ends a list, and --follow has no end: give one of them")
        }
        guard types?.contains(AuditEvent.started) != true else {
            throw Failure(.usage, "\(AuditEvent.started) cannot be followed: only a list has it")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let showsUsers = try await AuditEvent.showsUsers(&connection)
        guard showsUsers || filter.userID == nil else {
            let prefix = try await Installation.read(&connection).prefix
            throw Failure(
                .permission,
                "--user needs a login that is a member of \(prefix)admin: \(prefix)monitor sees no users")
        }
        var filter = filter
        if let start {
            let now = try await connection.run(ReadClock()).one().time
            filter.since = start.moment(now)
        }
        if let follows {
            var follower = try await EventFollower(follows, filter, showsUsers: showsUsers, &connection)
            return try await follower.run(&connection)
        }
        let events = try await AuditEvent.find(filter, showsUsers: showsUsers, &connection)
        try output.show(
            events.map { $0.record(showsUsers: showsUsers) }, otherwise: "There are no such events.")
    }

    private enum CodingKeys: CodingKey {
        case user, transaction, type, since, limit, following, output, database
    }
}

/// Whole names, or the word before the dot. One that there is not would find nothing and look like good news.
private func eventTypes(_ list: String) throws -> [String] {
    let words = list.split(separator: ",").map { String($0.filter { $0 != " " }) }
    let unknown = words.first { !AuditEvent.isType($0) }
    guard unknown != nil || words.isEmpty else { return words }
    throw Failure(.usage, "there is no event type '\(unknown ?? "")'; there is \(AuditEvent.listOfTypes)")
}

extension AuditEvent {
    func record(showsUsers: Bool) -> Record {
        let what: Record = [
            "occurred_at": .time(occurredAt), "type": .text(type),
            "transaction_id": .text(transactionID.map { "\($0)" }),
            "enrollment_id": .text(enrollmentID.map { "\($0)" }), "portal": .text(portal), "app": .text(app),
        ]
        guard showsUsers else { return what }
        return what + [
            "user_id": .text(userID), "actor": .text(actor), "details": .document(details, summary: summary),
        ]
    }
}
