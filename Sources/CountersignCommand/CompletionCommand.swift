import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion: """
            Examples:
              countersign completion bash > /etc/bash_completion.d/countersign
              countersign completion zsh > ~/.zfunc/_countersign
              countersign completion fish > ~/.config/fish/completions/countersign.fish
            """)

    @Argument(help: "bash, zsh or fish.", completion: .list(CompletionShell.allCases.map(\.rawValue)))
    var shell: String

    func run() throws {
        guard let known = CompletionShell(rawValue: shell) else {
            throw Failure(.usage, "there is a completion script for bash, zsh and fish, not for '\(shell)'")
        }
        write(CountersignCommand.completionScript(for: known))
    }
}
