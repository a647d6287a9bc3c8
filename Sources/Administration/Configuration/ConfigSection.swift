import Postgres

/// Things of one kind in the file: how they are written, how the database has them, and what makes the one the other.
protocol ConfigSection: Sendable {
    static var name: String { get }
    static var shape: ConfigShape { get }

    static func read(_ state: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree

    /// What makes `new` of `old`, each of this section alone. Nil is a thing that there is not.
    static func steps(for thing: String, from old: ConfigTree?, to new: ConfigTree?) -> [ConfigStep]
}

/// In the order of the file.
let configSections: [any ConfigSection.Type] = [
    SettingsSection.self, TypesSection.self, PortalsSection.self, AppsSection.self, StagesSection.self,
    LogLevelsSection.self, OperatorsSection.self,
]

/// One change. Its path is that of the line which wants it.
struct ConfigStep: Sendable {
    enum Act: Sendable {
        /// With words for its inputs, as its command takes them.
        case action(any OperatorAction.Type, [String: [String]])
        case addPortal(String, ConfigTree)
        case addApp(String, ConfigTree)
        case addCallback(portal: String, url: String, ConfigTree)
        case addClientID(portal: String, String)
        case removeClientID(portal: String, String)
        case addSigningKey(portal: String)
        case removeSigningKey(portal: String)
        case addOperator(String, ConfigTree)
        case limitWebhooks(portal: String, concurrency: Int?, rate: Int?)
        case renamePortal(String, displayName: String)
        case refuse(String)
    }

    let path: [String]
    let act: Act
    /// What takes something away goes first, the last section before the others: something else may need its name or its
    /// login, and with a portal go the accounts that are bound to it.
    var removes = false
}

extension ConfigStep {
    init(
        _ path: [String], _ action: any OperatorAction.Type, _ words: [String: String], removes: Bool = false
    ) {
        self.init(path: path, act: .action(action, words.mapValues { [$0] }), removes: removes)
    }
}

extension ConfigTree {
    /// The values of that record that differ from the old ones, in their order.
    func changes(from old: ConfigTree?) -> [(name: String, value: String)] {
        parts.compactMap { part in
            guard let value = part.tree.value, old?[part.name] != part.tree else { return nil }
            return (part.name, value)
        }
    }
}

/// The switches of the installation.
enum SettingsSection: ConfigSection {
    static let name = "settings"
    static let shape = ConfigShape.record(Settings.Name.allCases.map { ($0.rawValue, .onOff) })

    static func read(_: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        let values = try await Settings.read(&connection).values
        return .parts(
            Settings.Name.allCases.map { .init(name: $0.rawValue, tree: .value("\(values[$0] ?? false)")) })
    }

    static func steps(for setting: String, from _: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        guard let value = new?.value else { return [] }
        return [ConfigStep([name, setting], ChangeSettings.self, ["setting": "\(setting)=\(value)"])]
    }
}

/// Authentication types. What they have beside their messages is what `type set` takes, and the console's form shows.
enum TypesSection: ConfigSection {
    static let name = "types"
    static let shape = ConfigShape.named(
        .record(
            inputs.map { ($0.name, .value(words: $0.words)) } + [
                (messages, .named(.text)), (visitorLines, .named(.text)),
            ]))

    private static let messages = "messages"
    private static let visitorLines = "visitor-lines"
    private static let inputs = SetType.inputs.filter {
        !["type", "message", "visitor-line"].contains($0.name)
    }

    static func read(_: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        .parts(try await AuthenticationType.list(&connection).map { .init(name: $0.name, tree: tree($0)) })
    }

    private static func tree(_ type: AuthenticationType) -> ConfigTree {
        let fields = SetType.button(on: .type(type))?.fields ?? []
        var tree = ConfigTree.empty
        for input in inputs {
            guard let field = fields.first(where: { $0.name == input.name }) else { continue }
            tree[input.name] = .value(field.current)
        }
        if !type.messages.isEmpty {
            tree[messages] = .parts(type.messages.map { .init(name: $0.language, tree: .value($0.text)) })
        }
        if !type.visitorLines.isEmpty {
            tree[visitorLines] = .parts(
                type.visitorLines.map { .init(name: $0.language, tree: .value($0.text)) })
        }
        return tree
    }

    static func steps(for type: String, from old: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        let path = [name, type]
        guard let new else { return [ConfigStep(path, RemoveType.self, ["type": type], removes: true)] }
        let added = old == nil ? [ConfigStep(path, AddType.self, ["name": type])] : []
        let changed = new.changes(from: old).map { key, value in
            ConfigStep(path + [key], SetType.self, ["type": type, key: value])
        }
        let texts = [(messages, "message"), (visitorLines, "visitor-line")].flatMap { key, input in
            textSteps(type, path + [key], input, from: old?[key], to: new[key])
        }
        return added + changed + texts
    }

    /// By language. Lines on visitors come after the messages, for they need one.
    private static func textSteps(
        _ type: String, _ path: [String], _ input: String, from before: ConfigTree?, to after: ConfigTree?
    ) -> [ConfigStep] {
        let written = (after ?? .empty).changes(from: before).map { language, text in
            ConfigStep(path + [language], SetType.self, ["type": type, input: "\(language)=\(text)"])
        }
        let gone = (before?.parts ?? []).filter { after?[$0.name] == nil }.map { part in
            ConfigStep(path, SetType.self, ["type": type, input: "\(part.name)="], removes: true)
        }
        return written + gone
    }
}

extension ActionButton.Field {
    /// What it says while nobody has changed it.
    var current: String {
        if case .choice(let words) = kind { words.first ?? "" } else { value }
    }
}
