import Countersign

/// A part of the configuration: a value, or parts by their names, in their order.
package indirect enum ConfigTree: Sendable, Hashable {
    package struct Part: Sendable, Hashable {
        package let name: String
        package var tree: ConfigTree
    }

    case value(String)
    case parts([Part])

    package static let empty = ConfigTree.parts([])

    package init(_ parts: KeyValuePairs<String, String>) {
        self = .parts(parts.map { Part(name: $0.key, tree: .value($0.value)) })
    }

    package var parts: [Part] {
        guard case .parts(let parts) = self else { return [] }
        return parts
    }

    package var value: String? {
        guard case .value(let value) = self else { return nil }
        return value
    }

    package subscript(name: String) -> ConfigTree? {
        get { parts.first { $0.name == name }?.tree }
        set {
            var parts = parts
            let index = parts.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let tree?): parts[index].tree = tree
            case (let index?, nil): parts.remove(at: index)
            case (nil, let tree?): parts.append(Part(name: name, tree: tree))
            case (nil, nil): break
            }
            self = .parts(parts)
        }
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
            if let before, let after, case .parts = before, case .parts = after {
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
        switch self {
        case .value(let text): return [margin + Self.head(name, depth) + " " + Self.scalar(text)]
        case .parts: return [margin + Self.head(name, depth)] + lines(mark: mark, depth: depth + 1)
        }
    }

    private static func head(_ name: String, _ depth: Int) -> String {
        String(repeating: "  ", count: depth) + scalar(name) + ":"
    }

    /// As it is where no reader of YAML could take it for anything else; else in double quotes (YAML 1.2 section 7.3.1).
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.unicodeScalars.first.map { $0.isASCII && $0.properties.isAlphabetic || $0.isDigit } ?? false
            && !text.hasSuffix(":")
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
