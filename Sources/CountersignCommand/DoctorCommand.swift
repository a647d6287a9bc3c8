import Administration
import ArgumentParser
import Countersign
import Operations
import Postgres

struct DoctorCommand: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine an installation, and say what to do about each thing that is not well.",
        discussion: """
            Looks at what /readyz looks at and at drift of the schema from the migrations, indexes, roles, logins and \
            rights, connections and locks, settings, standbys, bloat, old snapshots, autovacuum, workers, clocks, the \
            master key, and the certificate that COUNTERSIGN_TLS_CERTIFICATE names. Each thing that is not well comes \
            with the SQL or the command that mends it, to be pasted as it is. Ends with 78 when there is an error, with 0 \
            when there are only warnings.

            Use the owner's login, or one in countersign_admin and pg_monitor, to see everything.

            Examples:
              countersign doctor
              countersign doctor --json
              countersign doctor --fix
              countersign doctor --fix --yes
            """)
    static let role: GroupRole? = .monitor
    static let needsSchema = false

    @Flag(
        help: ArgumentHelp(
            "Run what brings back what the migrations have made, after asking.",
            discussion: "As the owner, or as a superuser what needs one. Nothing else is run."))
    var fix = false

    @Flag(help: "With --fix: do not ask.")
    var yes = false

    @Flag(help: "As the owner: move rows out of default partitions to where they belong, then examine.")
    var mend = false

    @Flag(help: .hidden)
    var printSchema = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        if printSchema {
            let installation = try await Installation.read(&connection)
            for line in try await SchemaListing.read(&connection, of: installation) { write(line) }
            return
        }
        if mend { try await mendDefaultPartitions(&connection) }
        let keys = Environment.current.text("master-key") == nil ? nil : try Environment.current.masterKeys()
        let doctor = Doctor(sealer: keys.map(Sealer.init), journal: try database.openJournal())
        var findings = try await doctor.examine(&connection)
        if fix, try await DoctorFix(isAsked: !yes).run(findings, &connection) {
            findings = try await doctor.examine(&connection)
        }
        if let path = Environment.current.text("tls-certificate") {
            findings.append(CertificateCheck(path: path, now: .now()).finding)
        }
        try show(findings)
        let errors = findings.count { $0.grade == .error }
        guard errors == 0 else {
            throw Failure(.configuration, "\(errors) of \(findings.count) findings are errors")
        }
    }

    private func show(_ findings: [Finding]) throws {
        guard try !output.wantsJSON else {
            return try output.show(findings.map(record), otherwise: "Nothing was examined.")
        }
        let width = findings.map { displayWidth($0.check) }.max() ?? 0
        for finding in findings {
            let spaces = String(repeating: " ", count: width - displayWidth(finding.check))
            let grade = finding.grade.rawValue
            let margin = String(repeating: " ", count: 9 - grade.utf8.count)
            write("\(grade)\(margin)\(finding.check)\(spaces)  \(plain(finding.finding))")
            if finding.grade != .ok { explain(finding) }
        }
    }

    /// The remedy's lines stand as they are, so that they can be pasted.
    private func explain(_ finding: Finding) {
        let hands = finding.remedy.map { " \($0.hands.phrase):" } ?? ""
        write("         \(plain(finding.advice))\(hands)")
        for line in finding.remedy?.text.split(separator: "\n", omittingEmptySubsequences: false) ?? [] {
            write("             \(plain(String(line)))")
        }
    }

    private func record(_ finding: Finding) -> Record {
        [
            "grade": .text(finding.grade.rawValue), "check": .text(finding.check),
            "finding": .text(finding.finding), "advice": .text(finding.advice),
            "remedy": .text(finding.remedy?.text), "remedy_by": .text(finding.remedy?.hands.rawValue),
            "remedy_is_safe": .flag(finding.remedy?.isSafe),
        ]
    }

    private func mendDefaultPartitions(_ connection: inout Connection) async throws {
        for (table, moved, isDone) in try await DefaultPartitions.mend(&connection) {
            if moved > 0 { writeError("countersign: moved \(moved) rows of \(table)") }
            if !isDone {
                writeError(
                    "countersign: \(table)_default keeps rows: a table has the name of their partition, or they are of days "
                        + "more than seven partitions back or sixty days ahead, for which none is made")
            }
        }
    }
}
