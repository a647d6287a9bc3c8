import ArgumentParser
import Foundation

@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countersign-bench",
        abstract: "Measure Countersign against what PostgreSQL does without it, in the same run.",
        discussion: """
            Makes a database and logins of its own on the server, and drops them at the end. Run it by \
            `scripts/bench`, which builds, starts a server and says where it is.

            Every figure is printed beside its reference, as a ratio, with the ratio that it must reach: `ok` or \
            `short`. Figures are medians of several rounds in turns with the reference; the brackets hold the \
            least and the greatest. The exit code tells only whether everything could be measured.

            Examples:
              scripts/bench --quick
              scripts/bench --only issue,snapshot
              scripts/bench --json > figures.json
              scripts/bench --peers --only peers
            """)

    @Flag(help: "Smaller backlogs and fewer rounds: some ten minutes instead of an hour.")
    var quick = false

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Which figures, separated by commas: \(FigureName.list). (default: all)", valueName: "figures"))
    var only: String?

    @Option(
        help: ArgumentHelp(
            "Measure beside other queues, which are installed there.", valueName: "folder"))
    var peers: String?

    @Option(help: "A superuser's postgres:// URL. (default: COUNTERSIGN_BENCH_URL)")
    var url: String?

    @Option(help: ArgumentHelp("The program under test. (default: beside this one)", valueName: "path"))
    var countersign: String?

    func validate() throws {
        _ = try names
        guard serverURL != nil else {
            throw ValidationError("COUNTERSIGN_BENCH_URL is not set: use scripts/bench")
        }
    }

    func run() async throws {
        let names = try names
        let benchmarks = BenchRun(
            server: try Server(url: serverURL ?? ""), program: program, scale: quick ? .quick : .full,
            peers: peers.map { URL(filePath: $0) })
        let report = try await cancelledBySignals { try await benchmarks.run(names) }
        print(json ? try report.json() : report.text)
        if report.hasFailures { throw ExitCode.failure }
    }

    private var names: [FigureName] {
        get throws { try FigureName.parse(only, withPeers: peers != nil) }
    }

    private var serverURL: String? { url ?? ProcessInfo.processInfo.environment["COUNTERSIGN_BENCH_URL"] }

    private var program: URL {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return countersign.map { URL(filePath: $0) }
            ?? own.deletingLastPathComponent().appending(path: "countersign")
    }
}
