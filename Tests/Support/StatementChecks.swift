import Foundation
package import Postgres
package import Testing

extension Connection {
    /// Prepares each statement as this connection's login, plans it, which asks for the rights on all that it names,
    /// and compares the columns of its result with those that its decoder reads.
    package mutating func expectToFit(
        _ families: [any StatementFamily.Type], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        // A plan for these parameters alone, which are all NULL, would leave out what NULL makes superfluous.
        try await execute("SET plan_cache_mode = force_generic_plan")
        for family in families {
            for statement in family.members {
                do {
                    try await expectToFit(statement, of: family, sourceLocation)
                } catch {
                    Issue.record("\(family): \(statement.name): \(error)", sourceLocation: sourceLocation)
                }
            }
        }
    }

    private mutating func plan(_ statement: Statement) async throws -> StatementDescription {
        let description = try await describe(statement)
        let nulls = Array(repeating: "NULL", count: description.parameterCount).joined(separator: ", ")
        try await execute(
            "EXPLAIN EXECUTE described\(nulls.isEmpty ? "" : "(\(nulls))"); DEALLOCATE described")
        return description
    }

    private mutating func expectToFit(
        _ statement: Statement, of family: any StatementFamily.Type, _ sourceLocation: SourceLocation
    ) async throws {
        let description = try await plan(statement)
        let read = columnsRead(by: family)
        let found = description.columns.filter { !(read.isEmpty && $0.isVoid) }
        let fits = found.count == read.count && zip(read, found).allSatisfy { $0.fits($1) }
        let difference: Comment = "\(family) reads \(read), and \(statement.name) returns \(found)"
        #expect(fits, difference, sourceLocation: sourceLocation)
    }
}

/// The columns that a decoder reads, in order. What it makes of the zeros and nils that it gets does not matter.
private func columnsRead(by family: any StatementFamily.Type) -> [ExpectedColumn] {
    func read<S: StatementFamily>(_: S.Type) -> [ExpectedColumn] {
        var reader = RowReader()
        _ = try? S.decode(&reader)
        return reader.columns
    }
    return read(family)
}

/// Expects each statement that stands in a module's sources to be in its list, and no name to stand for two.
package func expectAllListed(
    in module: String, _ families: [any StatementFamily.Type], and others: [Statement] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let names = Set(families.flatMap { $0.members } + others).map(\.name)
    let twice = Set(names.filter { name in names.count { $0 == name } > 1 })
    #expect(twice.isEmpty, "names that stand for two statements", sourceLocation: sourceLocation)
    for (_, file, text) in try sources(of: module) {
        for match in text.matches(of: /\bStatement\(\s*(?:"([^"]*)")?/) {
            let name = match.1.map(String.init) ?? "a name that is no literal"
            let isListed = names.contains { stands($0, for: name) }
            #expect(isListed, "\(file): \(name) is in no list", sourceLocation: sourceLocation)
        }
    }
}

/// The modules whose sources make statements.
package func modulesWithStatements() throws -> Set<String> {
    Set(try sources(of: "").filter { $0.text.contains(/\bStatement\(\s*"/) }.map(\.module))
}

/// The files that send SQL which is no statement.
package func filesWithRawSQL(except modules: Set<String>) throws -> Set<String> {
    let files = try sources(of: "").filter { !modules.contains($0.module) }
    // A client's are requests, and without arguments there is no SQL.
    let sends = { (text: String) in
        text.matches(of: /(\w+)\.execute\([^)]/).contains { $0.output.1 != "client" }
    }
    return Set(files.filter { sends($0.text) }.map(\.file))
}

/// Whether a name is that of the literal, in which `\(...)` may be anything.
private func stands(_ name: String, for literal: String) -> Bool {
    var rest = name[...]
    let parts = literal.replacing(/\\\([^)]*\)+/, with: "\u{0}").split(
        separator: "\u{0}", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
        guard let range = part.isEmpty ? rest.startIndex..<rest.startIndex : rest.range(of: part),
            index > 0 || range.lowerBound == rest.startIndex
        else { return false }
        rest = rest[range.upperBound...]
    }
    return parts.count > 1 || rest.isEmpty
}

/// The Swift files of a module, or of all.
private func sources(of module: String) throws -> [(module: String, file: String, text: String)] {
    let root = Checkout.root.appending(path: "Sources").standardizedFileURL
    let folder = module.isEmpty ? root : root.appending(path: module)
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return try (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }.map { file in
        let path = file.standardizedFileURL.pathComponents.dropFirst(root.pathComponents.count)
        return (path.first ?? "", file.lastPathComponent, try String(contentsOf: file, encoding: .utf8))
    }
}
