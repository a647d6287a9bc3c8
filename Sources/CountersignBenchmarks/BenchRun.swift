import Foundation
import Postgres

/// A whole run.
struct BenchRun: Sendable {
    let server: Server
    let program: URL
    let scale: Scale
    let peers: URL?

    func run(_ names: [FigureName]) async throws -> Report {
        try await BenchDatabase.sweep(server)
        var report = try await BenchDatabase.with(on: server) { try await measure(names, in: $0) }
        report.end = .now()
        return report
    }

    /// A figure that cannot be measured is reported so, and the others go on.
    private func measure(_ names: [FigureName], in database: BenchDatabase) async throws -> Report {
        var connection = try await database.connectAsSuperuser()
        try await ReferenceTables.create(&connection)
        try await Retention.fill(&connection)
        let installation = try await Installation.make(in: database)
        let bench = Bench(
            database: database, installation: installation, scale: scale, program: program, peers: peers)
        let version = try await connection.execute("SHOW server_version")[0].text(0)
        var report = Report(scale: scale.name, serverVersion: version, start: .now())
        for name in names {
            tell("measuring \(name.rawValue)")
            do {
                try await bench.reset()
                let rows = try await name.figure.measure(bench)
                for row in rows { tell(row.line) }
                report.rows += rows
            } catch {
                try Task.checkCancellation()
                report.failures.append(Report.Failure(figure: name.rawValue, reason: "\(error)"))
            }
        }
        return report
    }

    private func tell(_ text: String) {
        FileHandle.standardError.write(Data("countersign-bench: \(text)\n".utf8))
    }
}
