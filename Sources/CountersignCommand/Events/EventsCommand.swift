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
              countersign events --follow --format json --cursor events.cursor
              countersign events verify
              countersign events archive /srv/audit --before 90d
            """,
        subcommands: [EventsSearch.self, EventsVerify.self, EventsArchive.self],
        defaultSubcommand: EventsSearch.self)
}

struct EventsVerify: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Find events that were changed, removed or added afterwards.",
        discussion: """
            Workers close each minute of events with a digest that carries the one before. This makes all of them \
            again, and ends with 65 when one does not fit. Days that were dropped when their retention was over do \
            no harm. Who keeps the printed digest elsewhere knows later that nothing was cut off before it.

            With --archive it looks at the files of `events archive`, and needs no database. It tells whether weeks from \
            before are not there, and how many events of erased users nothing there proves; neither is a fault.

            Examples:
              countersign events verify
              countersign events verify --json
              countersign events verify --archive /srv/audit
            """)
    static let role: GroupRole? = .admin
    static let isLong = true

    @Option(help: "Look at the archive in that folder instead.", completion: .directory)
    var archive: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    mutating func run() async throws {
        guard let folder = archive ?? Environment.current.text("archive") else {
            return try await runInSession()
        }
        do {
            try show(try ArchiveCheck(folder: folder))
        } catch {
            throw Failure(error)
        }
    }

    private func show(_ check: ArchiveCheck) throws {
        let problems = check.problems.map { problem -> Record in
            ["file": .text(problem.file), "problem": .text(problem.sentence)]
        }
        let end: Record = [
            "weeks": .number(check.weeks), "events": .number(check.events), "since": .text(check.since),
            "until": .text(check.until), "digest": .text(check.digest),
        ]
        if try output.wantsJSON {
            let more: Record = [
                "is_from_beginning": .flag(check.isFromBeginning),
                "unproved_erased": .number(check.unprovedErased),
                "without_certificate": .number(check.withoutCertificate),
            ]
            try output.show(end + more + ["problems": .records(problems)])
        } else {
            try output.show(problems, otherwise: "Every archived event is as it was closed.")
            write(TextTable.details(end))
            for remark in Self.remarks(check) { write(remark) }
        }
        guard problems.isEmpty else {
            throw Failure(.data, "the archive was changed in \(problems.count) places")
        }
    }

    /// What the files cannot prove.
    private static func remarks(_ check: ArchiveCheck) -> [String] {
        var remarks: [String] = []
        if !check.isFromBeginning {
            remarks.append("Events from before \(plain(check.since ?? "-")) are not here.")
        }
        if check.unprovedErased > 0 {
            remarks.append("Erased events that no event here proves: \(check.unprovedErased).")
        }
        if check.withoutCertificate > 0 {
            remarks.append(
                "Certificates that were gone before their events were archived: \(check.withoutCertificate).")
        }
        return remarks
    }

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
