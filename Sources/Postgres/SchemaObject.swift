/// What a statement makes, changes or explains.
package struct SchemaObject: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case type, table, index, function, view, trigger, policy, file
    }

    package let kind: Kind
    /// An index, a trigger and a policy have their table before the name: `auth_requests.ring_bell`.
    package let name: String

    init(_ kind: Kind, _ name: String) {
        (self.kind, self.name) = (kind, name)
    }

    /// Nil for statements about no one object: rows, rights.
    init?(_ tokens: [SQLToken]) {
        var cursor = TokenCursor(tokens)
        if cursor.take("comment") {
            guard cursor.take("on"), let object = Self.explained(&cursor) else { return nil }
            self = object
        } else if cursor.take("alter") {
            guard cursor.take("table"), let object = Self.altered(&cursor) else { return nil }
            self = object
        } else if cursor.take("create") || cursor.take("drop") {
            guard let object = Self.made(&cursor) else { return nil }
            self = object
        } else if cursor.take("do") {
            // A block that makes a function says so: `-- makes function schema.name`.
            let said = tokens.lazy.compactMap { $0.value.firstMatch(of: /-- makes function (?:\w+\.)?(\w+)/) }
            guard let name = said.first?.1 else { return nil }
            self.init(.function, String(name))
        } else {
            return nil
        }
    }

    var isRelation: Bool { kind == .table || kind == .view }

    /// Whether it goes by that name, with its table or without.
    func answers(to wanted: String) -> Bool {
        name == wanted || name.hasSuffix(".\(wanted)")
    }

    private static func made(_ cursor: inout TokenCursor) -> SchemaObject? {
        while ["or", "replace", "unique"].contains(where: { cursor.take($0) }) {}
        if cursor.take("trigger") { return member(.trigger, &cursor) }
        if cursor.take("policy") { return member(.policy, &cursor) }
        if cursor.take("index") { return member(.index, &cursor) }
        for (word, kind) in kinds where cursor.take(word) {
            while ["if", "not", "exists"].contains(where: { cursor.take($0) }) {}
            return cursor.takeLastName().map { SchemaObject(kind, $0) }
        }
        return nil
    }

    private static let kinds: [(String, Kind)] = [
        ("function", .function), ("view", .view), ("table", .table), ("domain", .type), ("type", .type),
    ]

    /// `name ... ON schema.table`.
    private static func member(_ kind: Kind, _ cursor: inout TokenCursor) -> SchemaObject? {
        while ["concurrently", "if", "exists"].contains(where: { cursor.take($0) }) {}
        guard let name = cursor.takeName(), cursor.skip(past: "on") else { return nil }
        _ = cursor.take("only")
        guard let table = cursor.takeLastName() else { return nil }
        return SchemaObject(kind, "\(table).\(name)")
    }

    /// A table, or the trigger of one that is switched.
    private static func altered(_ cursor: inout TokenCursor) -> SchemaObject? {
        guard let table = cursor.takeLastName() else { return nil }
        guard cursor.skip(past: "trigger"), let trigger = cursor.takeName() else {
            return SchemaObject(.table, table)
        }
        return SchemaObject(.trigger, "\(table).\(trigger)")
    }

    /// A column's comment belongs to its table.
    private static func explained(_ cursor: inout TokenCursor) -> SchemaObject? {
        if cursor.take("column") {
            guard let path = cursor.takePath(), path.count > 1 else { return nil }
            return SchemaObject(.table, path[path.count - 2])
        }
        return made(&cursor)
    }
}
