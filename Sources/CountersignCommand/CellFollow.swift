import Administration
import ArgumentParser
import Countersign
import Postgres

struct CellFollow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "In another cell: follow the home, and wait until all is copied.",
        discussion: """
            As a superuser of this cell's server, whom PostgreSQL wants for a subscription, before anything was added \
            to its apps. To be run again at any time: what is there already is waited for, and what has failed is \
            begun anew. Whoever interrupts it stops the waiting, not the copying.

            With --again everything is copied anew, as is needed after a restore of either cell, or where the home no \
            longer has what this cell has missed. Until then this cell's apps are refused and no answer is judged: \
            seconds for thousands of devices. Wrong codes and locks of devices are put back once all is copied: who \
            interrupts it runs it again, without --again.

            Examples:
              export COUNTERSIGN_HOME_URL=postgres://cell1@db/countersign
              countersign cell follow
              countersign cell follow --again
            """)
    static let role: GroupRole? = nil

    @Option(
        help: ArgumentHelp(
            "Where the home is, for this command and for this cell's server.",
            discussion: """
                Others see the arguments of a process: give a password by COUNTERSIGN_HOME_URL. The server keeps it where \
                superusers alone can read it, and sees no PG* variables of yours.
                """,
            valueName: "url"))
    var homeURL: String?

    @Flag(help: "Drop what was copied, and copy everything anew.")
    var again = false

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        guard let url = homeURL ?? Environment.current.text("home-url") else {
            throw Failure(
                .configuration, "where is the home? COUNTERSIGN_HOME_URL=postgres://login@host/database")
        }
        let journal = try database.openJournal()
        var home = try await open(url)
        let offer = try await HomeOffer.read(&home)
        let here = try await HomeSubscription.read(&connection)
        try here.check(offer, isAgain: again)
        try offer.check()
        try await here.checkSlot(&home)
        if again || !here.isBegun {
            write(
                here.hasFollowed
                    ? "copying everything of cell \(offer.cell) anew"
                    : "beginning to follow cell \(offer.cell)"
            )
            do {
                try await here.begin(url, home: &home, &connection)
            } catch let error as PostgresError where error.isConnectionLoss && connection.isUsable {
                throw Failure(.unavailable, "the home cannot be had: \(error.message)")
            }
        }
        try await wait(for: offer.cell, &connection)
        try await HomeSubscription.restoreLocks(&connection)
        // Without the address: it may hold a password.
        try await journal?.append(typed("cell follow", again ? ["--again"] : []))
        write("this cell follows cell \(offer.cell)")
    }

    private func open(_ url: String) async throws -> Connection {
        // Without a lock_timeout: a slot waits for transactions as for locks, until the statement's time is over.
        let options = try Environment.current.connectionOptions(url)
        do {
            var home = try await Connection.open(options)
            Interruption.shared.watch(home)
            try await Program.schemaRange.check(&home, schema: Program.schema)
            return home
        } catch {
            let failure = Failure(error)
            guard failure.status == .permission, let refusal = PostgresError(in: error) else {
                throw Failure(failure.status, "the home: \(failure.sentence)")
            }
            throw Failure(
                .permission,
                "the home: \(refusal): `countersign cell publish --login` there lets a login read it")
        }
    }

    /// Nothing tells of a copy's end, so it is looked for.
    private func wait(for home: Int, _ connection: inout Connection) async throws {
        var (told, failures) = (-1, 0)
        while true {
            let state = try await HomeSubscription.read(&connection)
            guard state.exists else { throw Failure(.data, "somebody has dropped the subscription `home`") }
            guard state.isEnabled else {
                throw Failure(
                    .data, "the subscription is disabled: ALTER SUBSCRIPTION home ENABLE, or --again")
            }
            if state.copied == HomeSubscription.tables, state.home == home { return }
            if state.copied != told {
                told = state.copied
                write("\(told) of \(HomeSubscription.tables) tables are copied")
            }
            if state.failures > failures {
                failures = state.failures
                write("copying has failed \(failures) times: the log of this cell's server says why")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
