import Foundation
import Postgres
import Support
import Testing

/// The page of the guides that is looked things up in has what there is, and nothing else.
@Suite struct ReferenceTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: Checkout.root.appending(path: path), encoding: .utf8)
    }

    private func page() throws -> String { try text("Sources/Countersign/Countersign.docc/Reference.md") }

    /// The first cell of each row of the tables under that heading, until the next heading.
    private func cells(under heading: String) throws -> [String] {
        let page = try page()
        let start = try #require(page.firstRange(of: "\n\(heading)\n"), "there is no \(heading)").upperBound
        let level = heading.prefix { $0 == "#" }.count
        let lines: [Substring] = page[start...].split(separator: "\n")
        let section = lines.prefix { line in
            let marks = line.prefix { $0 == "#" }.count
            return marks == 0 || marks > level
        }
        return section.compactMap { $0.firstMatch(of: /^\| `([^`]+)`/).map { String($0.output.1) } }
    }

    @Test(.database) func `each view has the columns that the reference tells`() async throws {
        var connection = try await Database.current.connect()
        let views = try await connection.execute(
            """
            SELECT c.relname::text, string_agg(a.attname::text, ',' ORDER BY a.attnum)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind = 'v' GROUP BY c.relname
            """)
        #expect(views.count >= 4)
        for view in views {
            let columns = try view.text(1).split(separator: ",").map(String.init)
            #expect(try cells(under: "### \(view.text(0))") == columns)
        }
    }

    @Test func `each SQLSTATE of ours is explained`() throws {
        let folder = Checkout.root.appending(path: "migrations")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var raised: Set<String> = []
        for case let file as URL in files where file.pathExtension == "sql" {
            let text = try String(contentsOf: file, encoding: .utf8)
            raised.formUnion(text.matches(of: /'(CS[0-9]{3})'/).map { String($0.output.1) })
        }
        #expect(raised.count >= 8)
        #expect(Set(try cells(under: "## Errors in SQL")) == raised)
        let portals = try text("Sources/Countersign/Countersign.docc/Portals.md")
        for code in raised { #expect(portals.contains("| `\(code)` |"), "\(code)") }
    }

    @Test func `each flag of the services is explained`() async throws {
        let page = try page()
        for command in ["work", "serve", "run"] {
            let help = try await Shell().succeed(command, "--help").output
            for flag in Set(help.matches(of: /--[a-z][a-z-]+/).map { String($0.output) }) {
                guard !["--help", "--version"].contains(flag) else { continue }
                let variable = "COUNTERSIGN_" + flag.dropFirst(2).uppercased().replacing("-", with: "_")
                #expect(page.contains("`\(flag)`"), "\(command) \(flag)")
                #expect(page.contains("`\(variable)`") || flag == "--database-url", "\(variable)")
            }
        }
    }

    @Test func `each metric is explained`() throws {
        let known = try text("Sources/Operations/Metrics/MetricFamily.swift").matches(
            of: /"(countersign_[a-z_]+)":/)
        #expect(try cells(under: "## Metrics") == known.map { String($0.output.1) })
    }
}
