/// A file of the migrations folder, as the program carries it.
package struct MigrationFile: Sendable, Hashable {
    /// Its path below that folder: `0001_schema.sql`, `current/bell.sql`.
    package let name: String
    package let text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// `current/bell.sql`, of which comments say `bell`.
    static func currentName(_ concept: String) -> String { "current/\(concept).sql" }

    var isCurrent: Bool { name.hasPrefix("current/") }
}

/// The lines of a file's first comment that are meant for the migrator.
struct MigrationDirectives {
    private(set) var minimumBinary: Int?
    private(set) var isAlone = false
    private(set) var isBatched = false
    private(set) var partitioned: String?
    /// Names of the current files that run before this one.
    private(set) var after: [String] = []
    private(set) var followsEveryChange = false
    /// Statements that take the file back, in their order.
    private(set) var undo: [String] = []
    /// Why there are none.
    private(set) var noUndo: String?

    init(_ file: MigrationFile) throws(MigrationError) {
        for line in file.text.split(separator: "\n") {
            guard line.hasPrefix("--") else { break }
            if takeUndo(line) { continue }
            let words = line.dropFirst(2).split(separator: " ").map(String.init)
            guard let first = words.first, Self.known.contains(first) else { continue }
            guard take(first, Array(words.dropFirst())) else {
                throw .malformed(file: file.name, reason: "cannot read the line \(line)")
            }
        }
        if !undo.isEmpty, noUndo != nil {
            throw .malformed(file: file.name, reason: "undo and no-undo exclude each other")
        }
        if [isAlone, isBatched, partitioned != nil].count(where: { $0 }) > 1 {
            throw .malformed(
                file: file.name,
                reason: "no-transaction, for-each-partition and in-batches exclude each other")
        }
    }

    private static let known: Set = [
        "minimum-binary:", "no-transaction", "for-each-partition", "in-batches", "after:",
        "with-every-change",
    ]

    /// The rest of the line as it stands: it is SQL, or a sentence.
    private mutating func takeUndo(_ line: Substring) -> Bool {
        if line.hasPrefix("-- undo: ") {
            undo.append(String(line.dropFirst("-- undo: ".utf8.count)))
        } else if line.hasPrefix("-- no-undo: ") {
            noUndo = String(line.dropFirst("-- no-undo: ".utf8.count))
        } else {
            return false
        }
        return true
    }

    /// False when it cannot be read.
    private mutating func take(_ directive: String, _ words: [String]) -> Bool {
        switch (directive, words.count) {
        case ("no-transaction", 0): isAlone = true
        case ("in-batches", 0): isBatched = true
        case ("with-every-change", 0): followsEveryChange = true
        case ("for-each-partition", 1): partitioned = words[0]
        case ("minimum-binary:", 1): minimumBinary = Int(words[0])
        case ("after:", 1...):
            after = words.map { MigrationFile.currentName($0.trimming(suffix: ",")) }
        default: return false
        }
        return true
    }
}

extension String {
    fileprivate func trimming(suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
