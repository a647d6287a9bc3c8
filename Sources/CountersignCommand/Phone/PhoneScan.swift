import ArgumentParser
import CountersignApp

struct PhoneScan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Scan a code, and show what the server asks.",
        discussion: """
            The code is its 64 characters, a link that carries it, the path of a PNG with a QR code (read by \
            zbarimg), or - for a line of standard input.

            Examples:
              countersign phone scan AaILxB_pc8qIFKOtCJXZmprCEkw5_UmHSiBZUzo2CpohsdrTjIJ90hqsnesAFaQg
              countersign phone scan 'acme://sign-in?otp=AaILxB_p...'
              countersign phone scan code.png
            """)

    @Argument(help: "What there is to scan.")
    var code: String

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await asPhone {
            let code = try scannedCode(code)
            var memory = try options.file.read()
            let prompt =
                try await options.transport().submit(.scan, code, memory, prompt: nil) ?? Prompt("")
            write(prompt.lines.map(plain).joined(separator: "\n"))
            if let secret = try await memory.key.secureMessage(in: prompt, of: memory.enrollment) {
                write("Secure message, signed by the server:\n" + plainLines(secret))
            }
            memory.scan = PhoneMemory.Scan(code: code.text, prompt: prompt)
            try options.file.write(memory)
        }
    }
}

private func plainLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { plain(String($0)) }
        .joined(separator: "\n")
}
