import Administration
import ArgumentParser
import Countersign
import Postgres

/// The command of an action, made of what the action says of itself.
///
/// The parser asks a mirror of the command for its arguments, and then decodes each by its name. Those of this one are
/// the action's inputs, which no property wrapper could name beforehand.
struct ActionCommand<Action: OperatorAction>: DatabaseCommand, CustomReflectable {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Action.command.split(separator: " ").last.map(String.init),
            abstract: Action.abstract, discussion: Action.discussion)
    }
    static var role: GroupRole? { .admin }

    let database: DatabaseOptions
    /// Only where the action answers a secret.
    private var output = OutputOptions()
    /// Only where the action asks.
    private var confirmation = Confirmation()
    private var words: [String: [String]] = [:]
    private var action: Action?

    init() { database = DatabaseOptions() }

    init(from decoder: any Decoder) throws {
        let arguments = try decoder.container(keyedBy: ArgumentName.self)
        database = try arguments.decode(OptionGroup<DatabaseOptions>.self, forKey: "database").wrappedValue
        if Action.answersSecret {
            output = try arguments.decode(OptionGroup<OutputOptions>.self, forKey: "output").wrappedValue
        }
        if Action.asks {
            confirmation = try arguments.decode(OptionGroup<Confirmation>.self, forKey: "confirmation")
                .wrappedValue
        }
        for input in Action.inputs {
            words[input.name] = try input.words(in: arguments, for: ArgumentName(input.name))
        }
    }

    var customMirror: Mirror {
        let inputs = Action.inputs.map { (label: $0.name as String?, value: $0.definition as Any) }
        var groups: [(label: String?, value: Any)] = []
        if Action.asks { groups.append(("confirmation", OptionGroup<Confirmation>())) }
        if Action.answersSecret { groups.append(("output", OptionGroup<OutputOptions>())) }
        groups.append(("database", OptionGroup<DatabaseOptions>()))
        return Mirror(self, children: inputs + groups)
    }

    /// Fails with 64 when the words make no sense, and with 78 when one of the environment does not.
    mutating func prepare() throws {
        var variables: [(name: String, text: String)] = []
        for input in Action.inputs where input.isOption && words[input.name, default: []].isEmpty {
            guard let text = Environment.current.text(input.name) else { continue }
            words[input.name] = [text]
            variables.append((Environment.variable(input.name), text))
        }
        do {
            action = try Action(ActionWords(words))
        } catch let error as UnreadableInput {
            // The sentence ends with what was typed, wherever it stood.
            let blamed = variables.first { error.description.contains("'\($0.text)'") }
            guard let variable = blamed else { throw error }
            throw Failure(.configuration, "\(variable.name) cannot be read: '\(variable.text)'")
        }
    }

    func run(_ connection: inout Connection) async throws {
        guard let action else { return }
        let journal = try database.openJournal()
        let line = Action.line(ActionWords(words))
        if let action = action as? any SecretAction {
            return try await connection.handOver(output) { connection in
                let made = try await action.make(&connection)
                try await journal?.append(line)
                return made
            }
        }
        if Action.asks { try confirmation.ask(try await action.warning(&connection)) }
        if Action.isInPortions { try await journal?.append(action.journalLine(line, &connection)) }
        let done = try await action.run(&connection)
        if !Action.isInPortions { try await journal?.append(action.journalLine(line, &connection)) }
        write(done)
    }
}

/// The commands of that group's actions, in the order of the list.
func actionCommands(_ group: String) -> [any ParsableCommand.Type] {
    operatorActions.filter { $0.command.hasPrefix(group + " ") && !$0.hasOwnCommand }.map { command(of: $0) }
}

private func command<Action: OperatorAction>(of action: Action.Type) -> any ParsableCommand.Type {
    ActionCommand<Action>.self
}

private struct ArgumentName: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init(stringLiteral name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

extension ActionInput {
    fileprivate var isOption: Bool {
        switch kind {
        case .argument, .arguments: false
        case .requiredOption, .option, .options: true
        }
    }

    /// What the parser finds in the mirror.
    fileprivate var definition: Any {
        let help = ArgumentHelp("\(help)", valueName: placeholder ?? name)
        let completion = words.isEmpty ? nil : CompletionKind.list(words)
        return switch kind {
        case .argument: Argument<String>(help: help, completion: completion)
        case .arguments: Argument<[String]>(help: help, completion: completion)
        case .requiredOption: Option<String>(name: .customLong(name), help: help, completion: completion)
        case .option: Option<String?>(name: .customLong(name), help: help, completion: completion)
        case .options: Option<[String]>(wrappedValue: [], name: .customLong(name), help: help)
        }
    }

    fileprivate func words(
        in arguments: KeyedDecodingContainer<ArgumentName>, for key: ArgumentName
    ) throws -> [String] {
        switch kind {
        case .argument: [try arguments.decode(Argument<String>.self, forKey: key).wrappedValue]
        case .arguments: try arguments.decode(Argument<[String]>.self, forKey: key).wrappedValue
        case .requiredOption: [try arguments.decode(Option<String>.self, forKey: key).wrappedValue]
        case .option:
            [try arguments.decode(Option<String?>.self, forKey: key).wrappedValue].compactMap(\.self)
        case .options: try arguments.decode(Option<[String]>.self, forKey: key).wrappedValue
        }
    }
}
