import Foundation

/// Deque's axe-core, which finds violations of WCAG in a page, from the wheel that scripts/python has installed.
package struct Axe: Sendable {
    private let source: String

    package init() throws {
        let libraries = Checkout.root.appending(path: ".build/python/lib")
        let found = try? FileManager.default.contentsOfDirectory(
            at: libraries, includingPropertiesForKeys: nil)
        let file = found?.map { $0.appending(path: "site-packages/axe_playwright_python/axe.min.js") }
            .first { FileManager.default.isReadableFile(atPath: $0.path) }
        guard let file else {
            throw Python.Missing(description: "there is no axe-core in \(libraries.path): run scripts/python")
        }
        source = try String(contentsOf: file, encoding: .utf8)
    }

    /// Of WCAG 2.2 on levels A and AA: the rule, what it wants, and where it is not so.
    package func violations(in tab: Chromium.Tab) async throws -> [String] {
        let run = """
            ;return axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((result) =>
                result.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.target.join(" ")).join(", ")));
            """
        return try await tab.script(source + run) as? [String] ?? ["axe-core gave no answer"]
    }
}
