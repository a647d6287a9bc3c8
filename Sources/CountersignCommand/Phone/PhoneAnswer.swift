import ArgumentParser
import CountersignApp

struct PhoneAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Confirm what was scanned last.",
        discussion: """
            With a code it accepts that one, without a scan before, which is legal.

            Example:
              countersign phone accept
            """)

    @Argument(help: "A code, link or PNG instead of what was scanned last.")
    var code: String?

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws { try await answer(.accept, code, options) }
}

struct PhoneDeny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Refuse what was scanned last.",
        discussion: """
            Example:
              countersign phone deny
            """)

    @Argument(help: "A code, link or PNG instead of what was scanned last.")
    var code: String?

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws { try await answer(.deny, code, options) }
}

private func answer(_ action: Action, _ given: String?, _ options: PhoneOptions) async throws {
    try await asPhone {
        var memory = try options.file.read()
        guard let code = try (given ?? memory.scan?.code).map(scannedCode) else {
            throw Failure(.usage, "nothing was scanned yet: `countersign phone scan <code>` comes first")
        }
        let prompt = memory.scan?.code == code.text ? memory.scan?.prompt : nil
        _ = try await options.transport().submit(action, code, memory, prompt: prompt)
        write(action == .accept ? "accepted" : "denied")
        if prompt != nil {
            memory.scan = nil
            try options.file.write(memory)
        }
    }
}
