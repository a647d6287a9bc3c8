import Foundation
import Support
import Testing

/// The files that are given to Prometheus, Grafana and systemd.
@Suite struct MonitoringFilesTests {
    private let folder = Checkout.root.appending(path: "scripts/monitoring")

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Checkout.root.appending(path: path), encoding: .utf8)
    }

    /// Silent while all is well, firing on its fault, silent after it: see countersign.test.yml.
    @Test func `each alert fires on its fault and clears after it`() async throws {
        let rules = try await runProgram(
            Checkout.tool("promtool"),
            ["check", "rules", folder.appending(path: "countersign.rules.yml").path])
        #expect(rules.status == 0, "\(rules.text)")
        let tests = try await runProgram(
            Checkout.tool("promtool"), ["test", "rules", folder.appending(path: "countersign.test.yml").path])
        #expect(tests.status == 0, "\(tests.text)")
        let cases = try text("scripts/monitoring/countersign.test.yml")
        let alerts = try text("scripts/monitoring/countersign.rules.yml").matches(of: /- alert: (\w+)/)
        #expect(alerts.count == 24)
        for alert in alerts { #expect(cases.contains("alertname: \(alert.output.1)\n"), "\(alert.output.1)") }
    }

    @Test func `each alert names a section of the runbook`() throws {
        let runbook = try text("Sources/Countersign/Countersign.docc/Runbook.md").lowercased()
        let anchors = try text("scripts/monitoring/countersign.rules.yml").matches(
            of: /Sources\/Countersign\/Countersign\.docc\/Runbook\.md#([a-z0-9-]+)/)
        #expect(anchors.count == 24)
        for anchor in anchors {
            let title = anchor.output.1.replacing("-", with: " ")
            #expect(runbook.contains("\n## \(title)\n"), "\(title)")
        }
    }

    @Test func `alerts and dashboard ask for metrics that there are`() throws {
        let known = try text("Sources/Operations/Metrics/MetricFamily.swift")
        for file in ["countersign.rules.yml", "grafana-dashboard.json"] {
            let names = try text("scripts/monitoring/\(file)").matches(of: /countersign_[a-z_]+/)
            #expect(names.count > 10)
            for name in Set(names.map { String($0.output) }) where name != "countersign_worker" {
                let family = name.replacing(/_bucket$/, with: "")
                #expect(known.contains("\"\(family)\""), "\(file): \(name)")
            }
        }
        let dashboard = try Data(contentsOf: folder.appending(path: "grafana-dashboard.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: dashboard) as? [String: Any])
        #expect((object["panels"] as? [Any])?.count == 21)
    }

    /// The units name /usr/bin/countersign and its manual, which are not here: what systemd checks of the program is that
    /// it exists, and ManualTests install the manual.
    @Test func `systemd takes the units, and they are closed`() async throws {
        let copies = FileManager.default.temporaryDirectory.appending(path: "units-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: copies, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: copies) }
        for unit in ["countersign-worker@.service", "countersign-gateway.service"] {
            let content = try text("scripts/systemd/\(unit)").replacing(
                "/usr/bin/countersign", with: "/bin/true")
            let file = copies.appending(path: unit)
            try Data(content.utf8).write(to: file)
            let verified = try await runProgram("systemd-analyze", ["verify", "--man=no", file.path])
            #expect(verified.status == 0 && verified.text.isEmpty, "\(verified.text)")
            let exposure = try await runProgram(
                "systemd-analyze", ["security", "--offline=true", "--threshold=20", file.path])
            #expect(exposure.status == 0, "\(exposure.text.suffix(200))")
        }
    }
}
