import Countersign
import FoundationEssentials
import Yams

/// What is wrong in the file, or cannot be had as it says. The sentence has no secret.
package struct ConfigError: Error, Sendable, Equatable {
    /// Counted from 1; nil where it is of no line.
    package let line: Int?
    package let sentence: String
}

/// The file of `countersign config`.
package struct ConfigFile: Sendable {
    /// More than anybody writes; 10,000 callback addresses are 700 KB.
    package static let longest = 1_048_576

    package private(set) var tree = ConfigTree.empty
    private var lines: [[String]: Int] = [:]

    /// Where that stands; nil when the file does not say it.
    func line(of path: [String]) -> Int? {
        path.indices.reversed().lazy.compactMap { lines[Array(path[...$0])] }.first
    }

    package init(_ bytes: [UInt8]) throws(ConfigError) {
        guard bytes.count <= Self.longest else {
            throw ConfigError(line: nil, sentence: "the file has more than 1 MiB")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigError(line: nil, sentence: "the file is not UTF-8")
        }
        try Self.refuseAliases(text)
        guard let node = try Self.compose(text) else { return }
        tree = try read(node, as: .root, at: [])
    }

    /// A few lines of aliases of aliases can stand for more than any memory holds, and nobody needs one here.
    private static func refuseAliases(_ text: String) throws(ConfigError) {
        guard marksName("&", in: text) != nil, let line = marksName("*", in: text) else { return }
        throw ConfigError(
            line: line,
            sentence: "anchors and aliases (&name, *name) are not taken: write out what they stand for")
    }

    /// The line of the first such mark where a token may begin, before what may be a name.
    private static func marksName(_ mark: Unicode.Scalar, in text: String) -> Int? {
        var (line, before) = (1, Unicode.Scalar("\n"))
        var isMarked = false
        for scalar in text.unicodeScalars {
            let mayBeName =
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
                || scalar == "-"
            if isMarked, mayBeName { return line }
            let begins =
                before.properties.isWhitespace || before == "\u{FEFF}"
                || "[{,:?".unicodeScalars.contains(before)
            isMarked = scalar == mark && begins
            if scalar == "\n" { line += 1 }
            before = scalar
        }
        return nil
    }

    private static func compose(_ text: String) throws(ConfigError) -> Node? {
        do {
            return try Yams.compose(yaml: text, .default, .default, .utf8)
        } catch let error as YamlError {
            throw ConfigError(error)
        } catch {
            throw ConfigError(line: nil, sentence: "the file cannot be read as YAML")
        }
    }

    private mutating func read(_ node: Node, as shape: ConfigShape, at path: [String]) throws(ConfigError)
        -> ConfigTree
    {
        let line = node.mark?.line
        guard let name = path.last, shape.isValue else { return try readParts(of: node, as: shape, at: path) }
        guard let text = node.scalar?.string, !node.isNull else {
            throw ConfigError(line: line ?? lines[path], sentence: "\(name) needs one value")
        }
        do {
            return .value(try shape.canonical(text))
        } catch {
            throw ConfigError(line: line, sentence: "\(name): \(error.description)")
        }
    }

    private mutating func readParts(
        of node: Node, as shape: ConfigShape, at path: [String]
    ) throws(ConfigError) -> ConfigTree {
        if node.isNull { return .empty }
        let place = path.last.map { "below \($0)" } ?? "in the file"
        guard let mapping = node.mapping else {
            throw ConfigError(
                line: node.mark?.line, sentence: "\(place) stand names with a colon behind each")
        }
        var tree = ConfigTree.empty
        for (key, value) in mapping {
            let line = key.mark?.line
            guard let name = key.scalar?.string, !name.isEmpty else {
                throw ConfigError(line: line, sentence: "a name \(place) is not a single word")
            }
            guard let below = shape.part(name) else {
                let allowed = (shape.names ?? []).joined(separator: ", ")
                throw ConfigError(line: line, sentence: "there is no '\(name)' \(place): there is \(allowed)")
            }
            guard tree[name] == nil else {
                throw ConfigError(line: line, sentence: "\(name) stands \(place) twice")
            }
            lines[path + [name]] = line
            tree[name] = try read(value, as: below, at: path + [name])
        }
        return tree
    }
}

extension ConfigShape {
    fileprivate var isValue: Bool {
        switch self {
        case .value, .ends, .text, .secret: true
        case .record, .whole, .named: false
        }
    }
}

extension Node {
    /// `~`, `null`, or nothing, without quotes.
    fileprivate var isNull: Bool {
        guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}

extension ConfigError {
    /// Without an excerpt of the file, which may have a secret where none belongs.
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(line: mark.line, sentence: "this cannot be read as YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            self.init(
                line: context.mark.line, sentence: "\(names.joined(separator: ", ")) stands there twice")
        case .reader(let problem, _, _, _):
            self.init(line: nil, sentence: "the file cannot be read as YAML: \(problem)")
        default:
            self.init(line: nil, sentence: "the file cannot be read as YAML: it is nested too deeply")
        }
    }
}
