/// A file of either kind.
enum MigrationStep: Sendable, Hashable {
    case numbered(Migration)
    case current(CurrentFile)

    var name: String {
        switch self {
        case .numbered(let migration): migration.name
        case .current(let file): file.name
        }
    }

    var sql: String {
        switch self {
        case .numbered(let migration): migration.sql
        case .current(let file): file.sql
        }
    }

    /// Whether it can share its transaction with others.
    var isTransactional: Bool {
        guard case .numbered(let migration) = self, migration.kind != .transaction else { return true }
        return false
    }

    var followsEveryChange: Bool {
        if case .current(let file) = self { file.followsEveryChange } else { false }
    }
}

/// All files in the order in which a new database gets them: the numbered ones one after the other, then the current
/// ones by name, each after those that it names, and at last those that follow every change. A numbered file that
/// names current ones has them before it. What cannot share a transaction runs after all that can.
struct MigrationOrder: Sendable {
    private(set) var steps: [MigrationStep] = []

    private let files: [String: CurrentFile]
    /// False while those it names are placed.
    private var isPlaced: [String: Bool] = [:]

    init(_ migrations: [Migration], _ current: [CurrentFile]) throws(MigrationError) {
        files = Dictionary(current.map { ($0.name, $0) }) { first, _ in first }
        for migration in migrations {
            try place(migration.after, before: migration.name)
            steps.append(.numbered(migration))
        }
        for last in [false, true] {
            try place(
                current.filter { $0.followsEveryChange == last }.map(\.name).sorted(), before: "current/")
        }
    }

    private mutating func place(_ names: [String], before other: String) throws(MigrationError) {
        for name in names where isPlaced[name] != true {
            guard let file = files[name] else {
                throw .malformed(file: other, reason: "it comes after \(name), which is missing")
            }
            guard isPlaced[name] == nil else {
                throw .malformed(file: other, reason: "it comes after \(name), which comes after it")
            }
            isPlaced[name] = false
            try place(file.after, before: name)
            isPlaced[name] = true
            steps.append(.current(file))
        }
    }
}
