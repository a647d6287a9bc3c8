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
            Looks at what /readyz looks at and at drift of the schema from the migrations, indexes, roles and \
            rights, bloat, old snapshots, autovacuum, workers, clocks and the master key. Changes nothing without \
            --mend. Ends with 78 when there is an error, with 0 when there are only warnings.

            Use the owner's login, or one in countersign_admin and pg_monitor, to see everything.

            Examples:
              countersign doctor
              countersign doctor --json
              countersign doctor --mend
            """)
    static let role: GroupRole? = .monitor
    static let needsSchema = false

    @Flag(help: "As the owner: move rows out of default partitions to where they belong, then examine.")
    var mend = false

    @Flag(help: .hidden)
    var printSchema = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        if printSchema {
            for line in try await SchemaListing.read(&connection) { write(line) }
            return
        }
        if mend { try await mendDefaultPartitions(&connection) }
        let keys = Environment.current.text("master-key") == nil ? nil : try Environment.current.masterKeys()
        let findings = try await Doctor(sealer: keys.map(Sealer.init)).examine(&connection)
        try output.show(findings.map(record), otherwise: "Nothing was examined.")
        let errors = findings.count { $0.grade == .error }
        guard errors == 0 else {
            throw Failure(.configuration, "\(errors) of \(findings.count) findings are errors")
        }
    }

    private func record(_ finding: Finding) -> Record {
        [
            "grade": .text(finding.grade.rawValue), "check": .text(finding.check),
            "finding": .text(finding.finding), "advice": .text(finding.advice),
        ]
    }

    private func mendDefaultPartitions(_ connection: inout Connection) async throws {
        for (table, moved) in try await DefaultPartitions.mend(&connection) where moved > 0 {
            writeError("countersign: moved \(moved) rows of \(table)")
        }
    }
}
