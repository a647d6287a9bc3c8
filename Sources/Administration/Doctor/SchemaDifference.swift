import Countersign

/// An object that is not what the files of the schema make.
package struct SchemaDifference: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case missing = "is missing"
        case foreign = "is not ours"
        case changed = "was changed"
    }

    /// As the listing has it: `function ring(stage text)`, `column portals.note`.
    package let object: String
    package let kind: Kind
    /// Definitions as the listing has them; empty where there is none.
    let wanted: String
    let found: String

    package var finding: String { "\(object) \(kind.rawValue)" }

    package var advice: String {
        switch kind {
        case .foreign where isDetached:
            "It has the name of a partition of ours, and perhaps its rows, which nobody finds there: if it was detached, this "
                + "takes it back with what has come since."
        case .foreign where holdsRows:
            "It is moved out of ours with all its rows; drop it there when nobody needs them."
        case .foreign where word == "column":
            "Undo what was done by hand: what stands in it goes with it, so copy that first if somebody needs it."
        case .foreign: "Undo what was done by hand; `countersign migrate show` lists what is ours."
        case .missing, .changed: "`countersign migrate show \(shown)` prints ours."
        }
    }

    /// `function`, `column`, ...: the first word of the object.
    var word: String { object.split(separator: " ").first.map(String.init) ?? "" }
    /// What follows it.
    var name: String { String(object.dropFirst(word.count + 1)) }
    /// The table of `table.member`; the object itself when it has none.
    var relation: String { String(name.prefix { $0 != "." && $0 != " " && $0 != "(" }) }

    /// The table of a default partition.
    var parent: String? {
        relation.hasSuffix("_default") ? String(relation.dropLast("_default".count)) : nil
    }

    /// Whether it is called as a partition of one of our tables: `submissions_20260131`.
    var isDetached: Bool {
        guard holdsRows, let table = name.wholeMatch(of: /([a-z_]+)_[0-9]{8}/)?.output.1 else { return false }
        return embeddedSchema.contains { $0.hasPrefix("relation \(table)\tp") }
    }

    /// Whether it is a table that is not ours, with whose rows nobody knows what to do but who has made it.
    var holdsRows: Bool {
        word == "relation" && kind == .foreign && !found.hasPrefix("v") && !found.hasPrefix("S")
    }

    /// What `migrate show` prints of it. Rights stand together in one file; a default partition has what its table has.
    var shown: String {
        switch word {
        case "grant": "grants"
        case "function": String(name.prefix { $0 != "(" })
        case "relation", "view", "type": name
        case "security", "option": relation
        default: name.replacing("_default", with: "")
        }
    }

    /// Compares the lines of two listings, by the objects' names. Of a relation that is missing or foreign nothing else is
    /// told, and of a default partition nothing that its table says.
    package static func all(expected: [String], found: [String]) -> [SchemaDifference] {
        let (wanted, present) = (byName(expected), byName(found))
        let all = Set(wanted.keys).union(present.keys).sorted().compactMap { name -> SchemaDifference? in
            let (ours, theirs) = (wanted[name], present[name])
            guard ours != theirs else { return nil }
            let kind: Kind = ours == nil ? .foreign : theirs == nil ? .missing : .changed
            return SchemaDifference(object: name, kind: kind, wanted: ours ?? "", found: theirs ?? "")
        }
        let whole = Set(all.filter { $0.word == "relation" && $0.kind != .changed }.map(\.name))
        let parents = Set(all.map { "\($0.word) \($0.relation)" })
        let constraints = Set(all.filter { $0.word == "constraint" }.map(\.name))
        let functions = Set(all.filter { $0.word == "function" && $0.kind == .foreign }.map(\.name))
        return all.filter { difference in
            switch difference.word {
            case "relation", "function", "type": true
            case _ where parents.contains("\(difference.word) \(difference.parent ?? "-")"): false
            // The index of a constraint comes and goes with it.
            case "index": !whole.contains(difference.relation) && !constraints.contains(difference.name)
            case "grant":
                !whole.contains(difference.relation) && !functions.contains(difference.grantee.object)
            default: !whole.contains(difference.relation)
            }
        }
    }

    /// Of `grant OBJECT to GROUP`.
    var grantee: (object: String, group: String) {
        guard let middle = name.ranges(of: " to ").last else { return (name, "") }
        return (String(name[..<middle.lowerBound]), String(name[middle.upperBound...]))
    }

    private static func byName(_ lines: [String]) -> [String: String] {
        let pairs = lines.map { line in
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
