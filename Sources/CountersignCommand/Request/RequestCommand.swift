import ArgumentParser

struct RequestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Authentication requests, one at a time.",
        discussion: """
            Example:
              countersign request show 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """,
        subcommands: [RequestShow.self])
}
