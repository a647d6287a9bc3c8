import Countersign
import Postgres

extension SchemaDifference {
    /// SQL that brings back what the files make; nil where that would need a look first.
    func remedy(of installation: Installation) -> Remedy? {
        switch (word, kind) {
        case ("grant", _): rightsRemedy(installation)
        case ("security", _):
            Remedy(
                [
                    "ALTER TABLE \(qualified(relation)) \(kind == .missing ? "ENABLE" : "DISABLE") ROW LEVEL SECURITY;"
                ],
                isSafe: true)
        case ("option", .foreign):
            Remedy(["ALTER TABLE \(qualified(relation)) RESET (\(member));"], isSafe: true)
        case ("option", _):
            Remedy(["ALTER TABLE \(qualified(relation)) SET (\(member) = \(wanted));"], isSafe: true)
        case ("relation", .foreign) where isDetached:
            Remedy(["SELECT countersign.attach_partition(\(quotedLiteral(name)));"])
        case ("relation", .foreign) where holdsRows:
            Remedy([
                "CREATE SCHEMA IF NOT EXISTS \(Self.aside);",
                "ALTER TABLE \(qualified(name)) SET SCHEMA \(Self.aside);",
            ])
        case (_, .foreign): dropping.map { Remedy([$0]) }
        case ("index", _), ("constraint", _):
            Remedy(
                (kind == .changed ? dropping.map { [$0] } ?? [] : []) + [remade(installation)],
                isSafe: kind == .missing)
        case ("trigger", _): Remedy(source(installation) + [enabling], isSafe: true)
        case ("function", _), ("policy", _), ("view", _):
            source(installation).isEmpty ? nil : Remedy(source(installation), isSafe: true)
        case ("relation", .missing), ("type", .missing):
            source(installation).isEmpty
                ? nil : Remedy(source(installation) + grants(installation), isSafe: isView || parent != nil)
        case ("column", _): columnRemedy
        default: Remedy(["countersign migrate show \(shown)"], by: .shell)
        }
    }

    /// A table that is gone has taken its rows with it.
    private var isView: Bool { word == "relation" && wanted == "v" }

    /// All rights on it, which went with it.
    private func grants(_ installation: Installation) -> [String] {
        let lines = embeddedSchema.filter { $0.hasPrefix("grant \(name) ") || $0.hasPrefix("grant \(name).") }
        return SchemaDifference.all(expected: lines, found: [])
            .flatMap { $0.rightsRemedy(installation).statements }
    }

    private var columnRemedy: Remedy? {
        let (ours, table) = (ColumnDefinition(wanted), "ALTER TABLE \(qualified(relation))")
        let column = plainIdentifier(member)
        guard kind == .changed else {
            return Remedy(["\(table) ADD COLUMN \(column) \(ours.addition);"])
        }
        let theirs = ColumnDefinition(found)
        let changes = ours.changes(from: theirs).map { "\(table) ALTER COLUMN \(column) \($0);" }
        return changes.isEmpty ? nil : Remedy(changes, isSafe: ours.type == theirs.type)
    }

    /// The part after the table and the dot.
    private var member: String {
        name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
    }

    private func qualified(_ name: String) -> String { "countersign.\(plainIdentifier(name))" }

    /// Where tables are put that are not ours.
    static let aside = "countersign_aside"

    /// Nil for a table.
    private var dropping: String? {
        switch word {
        case "relation":
            switch found.first {
            case "v": "DROP VIEW \(qualified(name));"
            case "S": "DROP SEQUENCE \(qualified(name));"
            default: nil
            }
        case "column": "ALTER TABLE \(qualified(relation)) DROP COLUMN \(plainIdentifier(member));"
        case "constraint": "ALTER TABLE \(qualified(relation)) DROP CONSTRAINT \(plainIdentifier(member));"
        case "index": "DROP INDEX \(qualified(member));"
        case "trigger": "DROP TRIGGER \(plainIdentifier(member)) ON \(qualified(relation));"
        case "policy": "DROP POLICY \(plainIdentifier(member)) ON \(qualified(relation));"
        case "function": "DROP FUNCTION countersign.\(name);"
        case "type": "DROP DOMAIN \(qualified(name));"
        default: nil
        }
    }

    /// An index or a constraint as the server itself writes it. `ONLY` is how it names the index of a partitioned table,
    /// whose partitions are to have theirs, too.
    private func remade(_ installation: Installation) -> String {
        word == "index"
            ? wanted.replacing(" ON ONLY ", with: " ON ", maxReplacements: 1) + ";"
            : "ALTER TABLE \(qualified(relation)) ADD CONSTRAINT \(plainIdentifier(member)) \(wanted);"
    }

    /// The listing ends with how a trigger is switched: O for origin, A for always.
    private var enabling: String {
        let always = wanted.hasSuffix(" A") ? "ALWAYS " : ""
        return "ALTER TABLE \(qualified(relation)) ENABLE \(always)TRIGGER \(plainIdentifier(member));"
    }

    /// What the files say of it, with this installation's groups.
    private func source(_ installation: Installation) -> [String] {
        let words = WordReplacement(installation.words)
        return schemaSource.find(shown).map { words.applied(to: $0.sql) }
    }

    private func rightsRemedy(_ installation: Installation) -> Remedy {
        let (object, group) = grantee
        let role = plainIdentifier(installation.words[group] ?? group)
        let (ours, theirs) = (rights(wanted), rights(found))
        let given = ours.filter { !theirs.contains($0) }
        let taken = theirs.filter { !ours.contains($0) }
        var statements: [String] = []
        if !taken.isEmpty { statements.append("REVOKE \(clause(taken, on: object)) FROM \(role);") }
        if !given.isEmpty { statements.append("GRANT \(clause(given, on: object)) TO \(role);") }
        return Remedy(statements, isSafe: true)
    }

    private func rights(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    /// `SELECT (name) ON TABLE countersign.portals`, and so on.
    private func clause(_ rights: [String], on object: String) -> String {
        let list = rights.joined(separator: ", ")
        if object == "schema" { return "\(list) ON SCHEMA countersign" }
        if object.contains("(") { return "\(list) ON FUNCTION countersign.\(object)" }
        if let dot = object.firstIndex(of: ".") {
            let column = plainIdentifier(String(object[object.index(after: dot)...]))
            let each = rights.map { "\($0) (\(column))" }.joined(separator: ", ")
            return "\(each) ON TABLE \(qualified(String(object[..<dot])))"
        }
        let kind = object.hasSuffix("_seq") ? "SEQUENCE" : "TABLE"
        return "\(list) ON \(kind) \(qualified(object))"
    }
}

/// Without quotation marks where it needs none.
private func plainIdentifier(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy {
        (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f
    }
    return isPlain && name.utf8.first.map { !(0x30...0x39).contains($0) } == true
        ? name : quotedIdentifier(name)
}

private let schemaSource = SchemaSource(embeddedMigrations)
