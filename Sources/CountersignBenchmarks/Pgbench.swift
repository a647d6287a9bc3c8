import Foundation

/// pgbench, PostgreSQL's own client for loads: bare libpq.
struct Pgbench: Sendable {
    private let program: URL

    /// Nil when it is not installed.
    init?() {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let newest = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) } ?? ""
        program = URL(filePath: "/usr/lib/postgresql/\(newest)/bin/pgbench")
        guard FileManager.default.isExecutableFile(atPath: program.path) else { return nil }
    }

    /// How often a second a prepared statement is answered on one connection. A count and not a time bounds it,
    /// because the signal of its timer would be blocked in our children.
    func run(_ sql: String, url: String, times: Int) async throws -> Double {
        let script = FileManager.default.temporaryDirectory.appending(path: "countersign-bench-\(UUID()).sql")
        try Data("\(sql);\n".utf8).write(to: script)
        defer { try? FileManager.default.removeItem(at: script) }
        let process = try ChildProcess(
            program, ["-n", "-M", "prepared", "-t", "\(times)", "-f", script.path, url])
        await process.end(within: .seconds(120))
        let line = process.output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let rate = line?.split(separator: " ")[2], let value = Double(rate) else {
            throw BenchError("pgbench gave no figure")
        }
        return value
    }
}
