import Foundation
import Support
import Testing

/// An older program's `migrate down` puts back what it has in `current/`, and knows nothing of what is new there: that has to be
/// dropped by a numbered file's `-- undo:`, or its doctor calls it not its own.
@Suite struct WayBackTests {
    /// Functions, views and triggers of the newer schema that the older one has not and no undo drops.
    private func left(of newer: String, without older: String, undo: String) -> [String] {
        let known = Set(objects(older))
        let dropped = Set(undo.split { !$0.isLetter && !$0.isNumber && $0 != "_" })
        return objects(newer).filter { object in
            let name = object.split(separator: " ")[1].split(separator: "(")[0]
            return !known.contains(object) && !dropped.contains(name)
        }
    }

    /// As `migrations/schema.txt` has them, a line each, with what they are made of behind a tab.
    private func objects(_ schema: String) -> [String] {
        schema.split(separator: "\n").compactMap { line in
            let object = line.split(separator: "\t")[0]
            return ["function ", "view ", "trigger "].contains { object.hasPrefix($0) } ? String(object) : nil
        }
    }

    @Test func `what is new and dropped by nobody is left`() {
        let older = "function a(id uuid)\tvoid\ntable t\tx"
        let new = "function a(id uuid, more text)\tvoid\nview b\ttext\nfunction c()\tvoid\ntable u\tx"
        let newer = "\(older)\n\(new)"
        let undo = "DROP FUNCTION countersign.c();"
        #expect(
            left(of: newer, without: older, undo: undo) == ["function a(id uuid, more text)", "view b"])
        #expect(left(of: newer, without: newer, undo: "").isEmpty)
    }

    /// Where the history of this repository is at hand.
    @Test func `the program before loses nothing of its own, and keeps nothing of this one`() async throws {
        let root = Checkout.root
        let previous = root.appending(path: "scripts/rehearsals/previous")
        let file = try String(contentsOf: previous, encoding: .utf8)
        let commit = try #require(file.split(separator: "\n").last)
        let older = try await runProgram(
            "git", ["-C", root.path, "show", "\(commit):migrations/schema.txt"])
        guard older.status == 0 else { return }
        let folder = root.appending(path: "migrations")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".sql") }
        let undo = try files.flatMap { file in
            try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("-- undo: ") }
        }
        let newer = try String(contentsOf: folder.appending(path: "schema.txt"), encoding: .utf8)
        #expect(left(of: newer, without: older.output, undo: undo.joined(separator: "\n")) == [])
    }
}
