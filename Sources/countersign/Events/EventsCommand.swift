import ArgumentParser
import Countersign
import Postgres

struct EventsCommand: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Search the audit trail, the newest first.",
        discussion: """
            Types: request.started, .scanned, .authenticated, .denied, .expired, .cancelled, .failed; \
            submission.rejected; enrollment.active, .rejected, .replaced, .revoked, .locked; key.created, .rotated, \
            .resealed; settings.changed; and what was done to portals, apps, types and callbacks. Kept for 400 \
            days, request.started for 30.

            Users, actors and details are shown only to members of countersign_admin. There, --json holds the \
            evidence of each signed answer. It takes no locks.

            Examples:
              countersign events --since 15m
              countersign events --user alice --type request,enrollment
              countersign events --transaction 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f --json
              countersign events --since 2026-01-31T08:00:00Z --type submission.rejected --limit 1000
            """)
    static let role: GroupRole? = .monitor

    @Option(help: "Only of this user. Needs a member of countersign_admin.")
    var user: String?

    @Option(help: "Only of this request.")
    var transaction: Identifier?

    @Option(help: "Only of these types, separated by commas: whole names, or the word before the dot.")
    var type: String?

    @Option(help: "Not before: 90s, 15m, 2h or 7d ago, or an RFC 3339 time.")
    var since: String?

    @Option(help: "How many at most, 1 to 100000. (default: 100)")
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var filter = AuditEvent.Filter(limit: 100)

    mutating func prepare() throws {
        let environment = Environment.current
        let types = (type ?? environment.text("type"))?.split(separator: ",").map(String.init)
        filter = AuditEvent.Filter(
            userID: user ?? environment.text("user"),
            transactionID: try transaction ?? environment.value("transaction"), types: types,
            since: try (since ?? environment.text("since")).map(pointInTime),
            limit: try listLimit(limit, environment))
    }

    func run(_ connection: inout Connection) async throws {
        let showsUsers = try await AuditEvent.showsUsers(&connection)
        guard showsUsers || filter.userID == nil else {
            throw Failure(
                .permission,
                "--user needs a login that is a member of countersign_admin: countersign_monitor sees no users"
            )
        }
        let events = try await AuditEvent.find(filter, showsUsers: showsUsers, &connection)
        try output.show(
            events.map { $0.record(showsUsers: showsUsers) }, otherwise: "There are no such events.")
    }

    private enum CodingKeys: CodingKey { case user, transaction, type, since, limit, output, database }
}

/// Reads `15m` or RFC 3339.
func pointInTime(_ text: String) throws -> AuditEvent.Filter.Since {
    if let unit = text.last, let seconds = ["s": 1, "m": 60, "h": 3_600, "d": 86_400][unit],
        let count = Int(text.dropLast()), (0...1_000_000).contains(count)
    {
        return .ago(.seconds(count * seconds))
    }
    let rfc3339 = /\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})/
    guard text.wholeMatch(of: rfc3339) != nil else {
        throw Failure(
            .usage, "--since must be like 90s, 15m, 2h or 7d, or like 2026-01-31T08:00:00Z, not '\(text)'")
    }
    return .time(text)
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
