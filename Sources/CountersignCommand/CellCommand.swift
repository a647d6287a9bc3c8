import Administration
import ArgumentParser
import Countersign
import Postgres

struct CellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cell",
        abstract: "Several databases behind one gateway: have devices of one known in the others.",
        discussion: """
            Users enroll in one cell, the home; the others follow it by PostgreSQL's logical replication, and judge no \
            answer while they have not heard of it for 30 s.

            Examples:
              countersign cell publish --login cell1
              export COUNTERSIGN_HOME_URL=postgres://cell1@db/countersign
              countersign cell follow
              countersign cell show
            """,
        subcommands: [CellPublish.self, CellFollow.self, CellShow.self])
}

struct CellPublish: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "In the home: publish apps and devices for other cells.",
        discussion: """
            As the owner. The server needs wal_level = logical. Each cell that follows needs a login here, to which a \
            superuser has given REPLICATION and BYPASSRLS. --login lets it read what is published, the sealed keys of \
            devices' messages among it: nothing else should have that login. One without these, or of a portal, an app \
            or a group of Countersign's, is refused.

            Examples:
              countersign cell publish
              countersign cell publish --login cell1
            """)
    static let role: GroupRole? = nil

    @Option(help: ArgumentHelp("The login of a cell that follows.", valueName: "login"))
    var login: String?

    @OptionGroup var database: DatabaseOptions

    func prepare() throws {
        if login?.isEmpty == true {
            throw Failure(.usage, "--login must be the login of a cell that follows, not empty")
        }
    }

    func run(_ connection: inout Connection) async throws {
        let journal = try database.openJournal()
        if let login { try await HomePublication.check(login, &connection) }
        let isNew = try await HomePublication.make(&connection)
        let cell = try await Cell.recorded(&connection)?.number ?? 0
        if let login { try await HomePublication.grant(to: login, &connection) }
        try await journal?.append(typed("cell publish", [], ["login": login]))
        write(
            "cell \(cell) \(isNew ? "publishes" : "has published already") apps and devices for other cells"
                + (login.map { ", and \(plain($0)) may read them" } ?? ""))
    }
}

struct CellShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show which cell this is, whom it follows, and who follows it.",
        discussion: """
            Where this cell follows and copying is off, or its failures grow, the log of its server says why: what the \
            home changes does not come.

            Examples:
              countersign cell show
              countersign cell show --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let home = try await Home.followed(&connection)
        let followers = try await CellFollower.list(&connection).map { follower -> Record in
            [
                "cell": .text(follower.cell), "connected": .flag(follower.isActive),
                "kept_bytes": .number(follower.keptBytes),
            ]
        }
        let here: Record = [
            "cell": .number(try await Cell.recorded(&connection)?.number), "home": .number(home?.cell),
            "heard_seconds_ago": .number(home?.seconds), "answers_wait": .flag(home?.lags),
            "copying": .flag(home?.isCopying), "copying_failures": .number(home?.failures),
        ]
        if try output.wantsJSON {
            try output.show(here + ["followers": .records(followers)])
        } else {
            let list =
                followers.isEmpty ? "No other cell follows." : "Followers\n\(TextTable(followers).text)"
            write(TextTable.details(here) + "\n\n" + list)
        }
    }
}
