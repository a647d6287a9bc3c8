import ArgumentParser

struct CallbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "callback",
        abstract: "The addresses that portals may be called back at.",
        discussion: """
            Examples:
              countersign callback add acme https://acme.example/callback
              countersign callback list acme
              countersign callback remove acme https://acme.example/callback
            """,
        subcommands: [CallbackAdd.self, CallbackList.self, CallbackRemove.self])
}
