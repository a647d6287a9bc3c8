import Countersign

/// A part of the configuration: a value, or parts by their names, in their order.
package struct ConfigTree: Sendable {
    package struct Part: Sendable, Hashable {
        package let name: String
        package var tree: ConfigTree
    }

    package let value: String?
    package private(set) var parts: [Part]
    /// Where each part stands among them: a portal has thousands of callback addresses.
    private var places: [String: Int]

    package static let empty = ConfigTree.parts([])

    package static func value(_ text: String) -> ConfigTree { ConfigTree(value: text, parts: []) }
    package static func parts(_ parts: [Part]) -> ConfigTree { ConfigTree(value: nil, parts: parts) }

    private init(value: String?, parts: [Part]) {
        (self.value, self.parts) = (value, parts)
        places = Dictionary(
            zip(parts.lazy.map(\.name), parts.indices), uniquingKeysWith: { first, _ in first })
    }

    package init(_ parts: KeyValuePairs<String, String>) {
        self = .parts(parts.map { Part(name: $0.key, tree: .value($0.value)) })
    }

    package subscript(name: String) -> ConfigTree? {
        get { places[name].map { parts[$0].tree } }
        set {
            switch (places[name], newValue) {
            case (let index?, let tree?): parts[index].tree = tree
            case (_?, nil): keep { $0 != name }
            case (nil, let tree?):
                places[name] = parts.count
                parts.append(Part(name: name, tree: tree))
            case (nil, nil): break
            }
        }
    }

    /// Takes out the parts with other names.
    mutating func keep(_ isKept: (String) -> Bool) {
        self = ConfigTree(value: value, parts: parts.filter { isKept($0.name) })
    }
}

extension ConfigTree: Hashable {
    package static func == (one: ConfigTree, other: ConfigTree) -> Bool {
        one.value == other.value && one.parts == other.parts
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(value)
        hasher.combine(parts)
    }
}

extension ConfigTree {
    /// As YAML (1.2), without what only a person would add.
    package var yaml: String {
        lines(mark: nil, depth: 0).map { $0 + "\n" }.joined()
    }

    /// What there is only in `old` with a minus, what there is only in `new` with a plus, and above it what it is a part of.
    package static func difference(from old: ConfigTree, to new: ConfigTree, depth: Int = 0) -> [String] {
        let names = old.parts.map(\.name) + new.parts.map(\.name).filter { old[$0] == nil }
        return names.flatMap { name -> [String] in
            let (before, after) = (old[name], new[name])
            if before == after { return [] }
            if let before, let after, before.value == nil, after.value == nil {
                return ["  " + head(name, depth)] + difference(from: before, to: after, depth: depth + 1)
            }
            return (before?.lines(name, mark: "-", depth) ?? [])
                + (after?.lines(name, mark: "+", depth) ?? [])
        }
    }

    private func lines(mark: Character?, depth: Int) -> [String] {
        parts.flatMap { $0.tree.lines($0.name, mark: mark, depth) }
    }

    private func lines(_ name: String, mark: Character?, _ depth: Int) -> [String] {
        let margin = mark.map { "\($0) " } ?? ""
        if let value { return [margin + Self.head(name, depth) + " " + Self.scalar(value)] }
        return [margin + Self.head(name, depth)] + lines(mark: mark, depth: depth + 1)
    }

    private static func head(_ name: String, _ depth: Int) -> String {
        String(repeating: "  ", count: depth) + scalar(name) + ":"
    }

    /// As it is where no reader of YAML could take it for anything else; else in double quotes (YAML 1.2 section 7.3.1).
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.unicodeScalars.first.map { $0.isASCII && $0.properties.isAlphabetic || $0.isDigit } ?? false
            && !text.hasSuffix(":") && text.lowercased() != "null"
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && $0.properties.isAlphabetic || $0.isDigit
                    || "-_./:@%+=~?&".unicodeScalars.contains($0)
            }
        if isPlain { return text }
        return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case _ where scalar.isUnprintable:
            let digits = String(scalar.value, radix: 16)
            let width = scalar.value > 0xFFFF ? 8 : 4
            return (width == 8 ? "\\U" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
        default: return String(scalar)
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
