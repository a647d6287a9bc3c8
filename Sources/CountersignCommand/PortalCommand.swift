import Administration
import ArgumentParser
import Countersign
import Postgres

struct PortalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portal",
        abstract: "Web sites that want visitors signed in.",
        discussion: """
            Examples:
              countersign portal add acme --role acme --display-name "Acme Bank"
              countersign portal list
              countersign portal disable acme
              countersign portal set acme --notify-on authenticated,denied
              countersign portal rotate-secret acme --overlap 24h
              countersign portal password acme
            """,
        subcommands: [PortalAdd.self, PortalList.self] + actionCommands("portal")
            + [PortalCredentials.self, PortalRotateSecret.self, PortalSigningKey.self])
}

struct PortalAdd: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a portal with its database login and signing secret.",
        discussion: """
            Creates the login when it is missing, and prints its generated password and the secret that signs \
            webhooks. Both are shown this once: the database has a SCRAM verifier of the one and keeps the \
            other sealed, for which COUNTERSIGN_MASTER_KEY must be set. Warns when the connection limits of all \
            logins add up to more than the server has.

            Examples:
              countersign portal add acme --role acme
              countersign portal add acme --role acme --display-name "Acme Bank"
              countersign portal add acme --role acme --no-password
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name: a-z, 0-9 and -.")
    var name: String

    @Option(help: "The database login it uses; created when missing. Default: the name.")
    var role: String?

    @Option(help: "What users read in the prompt, 1 to 100 characters. Default: the name.")
    var displayName: String?

    @Flag(help: "Create the login without a password, for certificate or peer authentication.")
    var noPassword = false

    @Option(help: "How many connections a new login may have at a time. (default: 20)")
    var connections: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let environment = Environment.current
        let sealer = Sealer(try environment.masterKeys())
        var draft = Portal.Draft(name: name, login: role ?? environment.text("role") ?? name)
        draft.displayName = displayName ?? environment.text("display-name")
        draft.withPassword = try !noPassword && !environment.isOn("no-password")
        let most = try connections ?? environment.value("connections")
        draft.connections = most ?? draft.connections
        let journal = try database.openJournal()
        let line = typed(
            "portal add", [name] + (draft.withPassword ? [] : ["--no-password"]),
            [
                "role": draft.login, "display-name": draft.displayName,
                "connections": most.map { "\($0)" },
            ])
        try await connection.handOver(text) { connection in
            let added = try await Portal.add(draft, sealer, &connection)
            try await journal?.append(line)
            return added
        }
        try await warnOfTooFewConnections(&connection)
    }

    private func text(_ added: AddedPortal) throws -> String {
        guard try output.wantsJSON else {
            return "added portal \(added.name)\n" + loginLines(added.login, secret: added.signingSecret)
        }
        return Field.record([
            "name": .text(added.name), "login": .text(added.login.name),
            "login_created": .flag(added.login.isNew), "password": .text(added.login.password),
            "signing_secret": .text(added.signingSecret),
        ]).json()
    }
}

/// On standard error: what was asked for is done.
func warnOfTooFewConnections(_ connection: inout Connection) async throws {
    guard let warning = try await ConnectionBudget.read(&connection).warning else { return }
    writeError("countersign: warning: \(warning)")
}

/// What is said about a login that was asked for, and what is shown once.
func loginLines(_ login: Login, secret: String? = nil) -> String {
    var lines: Record = ["login": .text(login.name)]
    if let password = login.password { lines.append("password", .text(password)) }
    if let secret { lines.append("signing secret", .text(secret)) }
    let remark =
        switch (login.isNew, login.password, secret) {
        case (true, .some, .some): "The password and the signing secret are shown only now."
        case (true, .some, nil): "The password is shown only now."
        case (true, nil, .some): "The login has no password. The signing secret is shown only now."
        case (true, nil, nil): "The login has no password."
        case (false, _, .some):
            "The login existed already and keeps its password. The signing secret is shown only now."
        case (false, _, nil): "The login existed already and keeps its password."
        }
    return TextTable.details(lines, indent: "  ") + "\n" + remark
}

struct PortalList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the portals.",
        discussion: """
            Examples:
              countersign portal list
              countersign portal list --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await Portal.list(&connection).map { portal -> Record in
            [
                "name": .text(portal.name), "display_name": .text(portal.displayName),
                "login": .text(portal.login), "enabled": .flag(portal.isEnabled),
                "paused": .flag(portal.isPaused),
                "paused_by": .text(portal.pause?.by), "paused_since": .time(portal.pause?.since),
                "max_open_requests": .number(portal.maxOpenRequests),
                "max_starts_per_source": .number(portal.maxStartsPerSource),
                "over_limit": .flag(portal.isOverLimit),
                "notify_on": .document(
                    Field.texts(portal.notifyOn).json(indent: nil), summary: portal.notifiedEnds),
                "created_at": .time(portal.createdAt),
            ]
        }
        try output.show(records, otherwise: "There are no portals yet.")
    }
}

struct PortalRotateSecret: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-secret",
        abstract: "Give a portal a new secret for its webhooks.",
        discussion: """
            Prints the new secret, this once. Until the overlap is over, webhooks carry the signatures of both; \
            after that the old one signs nothing. Within an overlap another is refused, but for --overlap 0s, which \
            ends both old ones. That needs no old secret, so it works also when the master key that has sealed \
            them is lost, and warns when the one given does not open everything else. \
            COUNTERSIGN_MASTER_KEY must be set.

            Examples:
              countersign portal rotate-secret acme
              countersign portal rotate-secret acme --overlap 0s    # it has leaked
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "The portal's name.")
    var name: String

    @Option(help: "How long both sign: a number and s, m, h or d, at most 30d. (default: 24h)")
    var overlap: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var both = Duration.seconds(86_400)

    mutating func prepare() throws {
        guard let text = overlap ?? Environment.current.text("overlap") else { return }
        guard let duration = readDuration(text), duration <= .seconds(30 * 86_400) else {
            throw Failure(.usage, "--overlap must be a number and s, m, h or d, at most 30d, not '\(text)'")
        }
        both = duration
    }

    func run(_ connection: inout Connection) async throws {
        let sealer = Sealer(try Environment.current.masterKeys())
        let journal = try database.openJournal()
        try await connection.handOver(text) { connection in
            let rotated = try await Portal.rotateSecret(name, overlap: both, sealer, &connection)
            try await journal?.append(typed("portal rotate-secret", [name]))
            return rotated
        }
        guard both == .zero else { return }
        do {
            try await sealer.checkMasterKey(&connection)
        } catch let error as SealingError {
            writeError("countersign: warning: workers need the master key of the new secret, too: \(error)")
        }
    }

    private func text(_ rotated: RotatedSecret) throws -> String {
        let record: Record = [
            "name": .text(name), "signing_secret": .text(rotated.signingSecret),
            "previous_until": .time(rotated.previousUntil),
        ]
        return try output.text(record)
            + (try output.wantsJSON ? "" : "\nThe signing secret is shown only now.")
    }

    private enum CodingKeys: CodingKey { case name, overlap, output, database }
}
