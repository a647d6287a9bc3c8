import Administration
import ArgumentParser
import Postgres

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "The audit trail.",
        discussion: """
            Examples:
              countersign events --since 15m
              countersign events search --user alice --type request,enrollment
              countersign events verify
            """,
        subcommands: [EventsSearch.self, EventsVerify.self], defaultSubcommand: EventsSearch.self)
}

struct EventsSearch: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Search the audit trail, the newest first.",
        discussion: """
            Types: \(AuditEvent.listOfTypes). Kept for 400 days, request.started for 30.

            Users, actors and details are shown only to members of countersign_admin. There, --json holds the \
            evidence of each signed answer. It takes no locks.

            Examples:
              countersign events search --since 15m
              countersign events search --user alice --type request,enrollment
              countersign events search --transaction 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f --json
              countersign events search --since 2026-01-31T08:00:00Z --type submission.rejected --limit 1000
            """)
    static let role: GroupRole? = .monitor

    @Option(help: "Only of this user. Needs a member of countersign_admin.")
    var user: String?

    @Option(help: "Only of this request.")
    var transaction: Identifier?

    @Option(help: "Only of these types, separated by commas: whole names, or the word before the dot.")
    var type: String?

    @Option(help: ArgumentHelp("Not before then: \(Since.allowed).", valueName: "time"))
    var since: String?

    @Option(help: "How many at most, 1 to 100000. (default: 100)")
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var filter = AuditEvent.Filter(limit: 100)
    private var start: Since?

    mutating func prepare() throws {
        let environment = Environment.current
        let types = try (type ?? environment.text("type")).map(eventTypes)
        filter = AuditEvent.Filter(
            userID: user ?? environment.text("user"),
            transactionID: try transaction ?? environment.value("transaction"), types: types,
            limit: try listLimit(limit, environment))
        start = try (since ?? environment.text("since")).map(Since.init(typed:))
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
        let events = try await AuditEvent.find(filter, showsUsers: showsUsers, &connection)
        try output.show(
            events.map { $0.record(showsUsers: showsUsers) }, otherwise: "There are no such events.")
    }

    private enum CodingKeys: CodingKey { case user, transaction, type, since, limit, output, database }
}

struct EventsVerify: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Find events that were changed, removed or added afterwards.",
        discussion: """
            Workers close each minute of events with a digest that carries the one before. This makes all of them \
            again, and ends with 65 when one does not fit. Days that were dropped when their retention was over do \
            no harm. Who keeps the printed digest elsewhere knows later that nothing was cut off before it.

            Examples:
              countersign events verify
              countersign events verify --json
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let chain = try await EventChain.verify(&connection)
        let problems = chain.problems.map { problem -> Record in
            [
                "since": .time(problem.since), "until": .time(problem.until),
                "problem": .text(problem.sentence),
            ]
        }
        let end: Record = [
            "events": .number(chain.end?.events ?? 0), "until": .time(chain.end?.until),
            "digest": .text(chain.end?.digest),
        ]
        if try output.wantsJSON {
            try output.show(end + ["problems": .records(problems)])
        } else {
            try output.show(problems, otherwise: "Every event that was closed is as it was.")
            write(TextTable.details(end))
        }
        guard problems.isEmpty else {
            throw Failure(.data, "the audit trail was changed in \(problems.count) places")
        }
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
    fileprivate func record(showsUsers: Bool) -> Record {
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
