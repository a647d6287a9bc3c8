import ArgumentParser

struct TypeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "type",
        abstract: "Authentication types: named settings for requests.",
        discussion: """
            Examples:
              countersign type add qr-code --expires-in 180 --message en="Sign in to Acme"
              countersign type list
              countersign type remove qr-code
            """,
        subcommands: [TypeAdd.self, TypeList.self, TypeRemove.self])
}
