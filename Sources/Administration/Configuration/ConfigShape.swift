/// What may stand at a place of the file.
indirect enum ConfigShape: Sendable {
    /// A single value. `words` are all that it may be; one that is `yes` or `true` may be written as any switch.
    case value(words: [String])
    /// Ends of requests, as `portal set` takes them.
    case ends
    /// Text, which is kept to the letter.
    case text
    /// Where a secret is: `env:NAME` or `file:PATH`.
    case secret
    /// Parts with these names; what is not named stays as it is.
    case record([(name: String, shape: ConfigShape)])
    /// A record that is replaced as a whole.
    case whole([(name: String, shape: ConfigShape)])
    /// Any number of parts, each with a name of its own.
    case named(ConfigShape)

    static let onOff = ConfigShape.value(words: ["true", "false"])
    static let number = ConfigShape.value(words: [])

    static let root = ConfigShape.record(configSections.map { ($0.name, $0.shape) })

    /// The shape of the part with that name; nil where there is none.
    func part(_ name: String) -> ConfigShape? {
        switch self {
        case .value, .ends, .text, .secret: nil
        case .record(let parts), .whole(let parts): parts.first { $0.name == name }?.shape
        case .named(let shape): shape
        }
    }

    /// The names of parts that there may be; nil is any.
    var names: [String]? {
        switch self {
        case .record(let parts), .whole(let parts): parts.map(\.name)
        default: nil
        }
    }

    /// One way to write each value, so that texts compare as values. Throws what is allowed instead.
    func canonical(_ text: String) throws(UnreadableInput) -> String {
        switch self {
        case .value(let words) where words.isEmpty:
            return Int(text).map { "\($0)" } ?? text
        case .value(let words):
            if words.contains(text) { return text }
            let position = switchPosition(text)
            let sameWords = words.filter { switchPosition($0) == position }
            guard position != nil, let word = sameWords.first else {
                throw UnreadableInput("it is \(words.joined(separator: " or ")), not '\(text)'")
            }
            return word
        case .ends:
            return "\(try NotifiedEnds(typed: text))"
        case .secret:
            guard SecretSource.isReference(text) else {
                throw UnreadableInput(
                    "a secret stands elsewhere, and here where: env:NAME or file:PATH, never itself, and no "
                        + "variable of the program's own (COUNTERSIGN_..., DATABASE_URL, PG...)")
            }
            return text
        default:
            return text
        }
    }
}

extension ConfigTree {
    /// What there would be: what the file says where it says something. What else there is stays, but for what has a name
    /// of its own and is not named, where the file names others of its kind, and `prunes`.
    func merged(with file: ConfigTree, as shape: ConfigShape, prunes: Bool) -> ConfigTree {
        if case .whole = shape { return file }
        guard file.value == nil else { return file }
        var merged = self
        if case .named = shape, prunes { merged.keep { file[$0] != nil } }
        for part in file.parts {
            let below = shape.part(part.name) ?? .text
            merged[part.name] =
                self[part.name]?.merged(with: part.tree, as: below, prunes: prunes) ?? part.tree
        }
        return merged
    }

    /// The paths of what has a name of its own and is not named in the file, where that names others of its kind.
    func unnamed(in file: ConfigTree, as shape: ConfigShape) -> [[String]] {
        if case .whole = shape { return [] }
        return parts.flatMap { part -> [[String]] in
            guard let named = file[part.name] else {
                if case .named = shape { return [[part.name]] }
                return []
            }
            return part.tree.unnamed(in: named, as: shape.part(part.name) ?? .text).map { [part.name] + $0 }
        }
    }
}
