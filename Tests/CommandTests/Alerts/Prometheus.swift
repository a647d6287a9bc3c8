import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Support
import Testing

/// Debian's Prometheus on a free port, with the rules of scripts/monitoring in its own time, see `shortened`.
struct Prometheus {
    private let base: String
    private let folder: URL
    private let rules: String

    /// Scrapes those ports of this machine while the body runs. It has no rules until `takeRules`: it takes up to ten
    /// seconds to look at its targets for the first time, and meanwhile none would be up.
    static func run(scraping ports: [Int], _ body: (Prometheus) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let targets = ports.map { "'127.0.0.1:\($0)'" }.joined(separator: ", ")
        let configuration = """
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
            rule_files: [rules*.yml]
            scrape_configs: [{job_name: countersign, static_configs: [{targets: [\(targets)]}]}]
            """
        try Data(configuration.utf8).write(to: folder.appending(path: "prometheus.yml"))
        let program = try Shell().start(
            [
                "/usr/bin/env", Checkout.tool("prometheus"), "--web.listen-address=127.0.0.1:0",
                "--web.enable-lifecycle", "--config.file=\(folder.path)/prometheus.yml",
                "--storage.tsdb.path=\(folder.path)/data",
            ], isProgram: false)
        defer { program.kill() }
        let port = try await program.line(matching: /msg="Listening on" address=127\.0\.0\.1:(\d+)/).1
        let file = Checkout.root.appending(path: "scripts/monitoring/countersign.rules.yml")
        let rules = shortened(try String(contentsOf: file, encoding: .utf8))
        let prometheus = Prometheus(base: "http://127.0.0.1:\(port)", folder: folder, rules: rules)
        try await eventually("it is ready, and sees its targets") {
            try program.expectRunning()
            guard try await prometheus.send(.GET, "/-/ready").status == .ok else { return false }
            return try await prometheus.query("up == 1").count == ports.count
        }
        try await body(prometheus)
    }

    /// A minute is a second: after `for:` and in brackets. And what nobody could make as large within a test is a
    /// sixtieth: how old a queue's oldest row and how many transactions held may be.
    private static func shortened(_ rules: String) -> String {
        let quick = rules.replacing(/(for: |\[)(\d+)m/) { "\($0.1)\($0.2)s" }
        return quick.replacing(/((?:oldest_seconds|_held)\b.* > )([\d.]+)/) {
            "\($0.1)\((Double($0.2) ?? 0) / 60)"
        }
    }

    /// The alerts in the file.
    var names: Set<String> { Set(rules.matches(of: /- alert: (\w+)/).map { String($0.1) }) }

    /// From now on it evaluates the rules, each second.
    func takeRules() async throws {
        try Data(rules.utf8).write(to: folder.appending(path: "rules.yml"))
        let answer = try await send(.POST, "/-/reload")
        try #require(answer.status == .ok, "\(String(buffer: answer.body))")
        try await eventually("each rule is evaluated") {
            let groups = try await ask("/api/v1/rules")["groups"] as? [[String: Any]] ?? []
            let rules = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
            return rules.count == names.count && rules.allSatisfy { $0["health"] as? String == "ok" }
        }
    }

    /// Alerts that fire, or also those that will if nothing changes: the name, and what it is labelled with besides
    /// its severity, as `CountersignErrors 42 validate`.
    func alerts(isPending: Bool = false) async throws -> Set<String> {
        let alerts = try await ask("/api/v1/alerts")["alerts"] as? [[String: Any]] ?? []
        return Set(
            alerts.filter { isPending || $0["state"] as? String == "firing" }.map { alert in
                var labels = alert["labels"] as? [String: String] ?? [:]
                labels["severity"] = nil
                let name = labels.removeValue(forKey: "alertname") ?? ""
                return ([name] + labels.sorted { $0.key < $1.key }.map(\.value)).joined(separator: " ")
            })
    }

    /// The alerts that have fired since the beginning.
    func fired() async throws -> Set<String> {
        let series = try await query(#"max_over_time(ALERTS{alertstate="firing"}[1h])"#)
        return Set(series.compactMap { $0["alertname"] })
    }

    /// Waits until those fire, with others or without.
    func wait(for wanted: Set<String>, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var firing: Set<String> = []
        do {
            try await eventually("they fire", sourceLocation: sourceLocation) {
                firing = try await alerts()
                return firing.isSuperset(of: wanted)
            }
        } catch {
            Issue.record("silent: \(wanted.subtracting(firing).sorted())", sourceLocation: sourceLocation)
            throw error
        }
    }

    /// Waits until none fires or is about to; of those whose names are given, if any are.
    func waitForSilence(
        of names: Set<String>? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var active: Set<String> = []
        do {
            try await eventually("all is well", sourceLocation: sourceLocation) {
                active = try await alerts(isPending: true)
                return names.map(active.isDisjoint) ?? active.isEmpty
            }
        } catch {
            Issue.record("not silent: \(active.sorted())", sourceLocation: sourceLocation)
            throw error
        }
    }

    /// The labels of what an expression gives.
    private func query(_ expression: String) async throws -> [[String: String]] {
        let allowed = CharacterSet.alphanumerics
        let encoded = try #require(expression.addingPercentEncoding(withAllowedCharacters: allowed))
        let data = try await ask("/api/v1/query?query=\(encoded)")
        return (data["result"] as? [[String: Any]] ?? []).compactMap { $0["metric"] as? [String: String] }
    }

    private func ask(_ path: String) async throws -> [String: Any] {
        let answer = try await send(.GET, path)
        try #require(answer.status == .ok, "\(String(buffer: answer.body).prefix(400))")
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.readableBytesView))
        return try #require((object as? [String: Any])?["data"] as? [String: Any])
    }

    private func send(
        _ method: HTTPMethod, _ path: String
    ) async throws -> (status: HTTPResponseStatus, body: ByteBuffer) {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        let answer = try await Browser.client.execute(
            request, timeout: .seconds(patience.components.seconds))
        return (answer.status, try await answer.body.collect(upTo: 4 << 20))
    }
}
