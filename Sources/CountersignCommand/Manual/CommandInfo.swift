/// A command as the argument parser describes it in `--experimental-dump-help`: what the manual is made from.
struct CommandInfo: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable { let name: String }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let preferredName: Name?
        let valueName: String?
        let abstract: String?
        let discussion: String?
    }

    /// The whole document.
    struct Document: Decodable { let command: CommandInfo }

    let commandName: String
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [CommandInfo]?

    /// Commands that do something, with all the words that are typed for each, in the order of the help.
    func leaves(after words: [String] = []) -> [(words: [String], command: CommandInfo)] {
        let words = words + [commandName]
        guard let subcommands else { return [(words, self)] }
        return subcommands.filter { $0.commandName != "help" }.flatMap { $0.leaves(after: words) }
    }
}

extension CommandInfo.Argument {
    /// `--batch-size`; nil for what has no name.
    var flag: String? { kind == "positional" ? nil : preferredName.map { "--" + $0.name } }

    /// The variable that says the same. What the parser insists on or does itself, and what mends, must be typed.
    var variable: String? {
        guard let name = preferredName?.name, flag != nil, isOptional,
            !["help", "version", "mend"].contains(name)
        else { return nil }
        return Environment.variable(name)
    }
}
