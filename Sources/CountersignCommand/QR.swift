import ArgumentParser
import Countersign
import Glibc

/// `countersign qr`.
struct QR: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qr",
        abstract: "Print a text as a QR code in the terminal.",
        discussion: """
            Others see the arguments of a process: give - to read the text from standard input. A terminal gets it \
            black on white, unless NO_COLOR is set; what else takes the output gets characters alone.

            Examples:
              countersign qr https://example.com
              psql -qtAc "SELECT countersign.await_otp('...', '10 s')" | countersign qr -
            """)

    @Argument(help: "The text, or - for one line of standard input.")
    var text: String

    /// https://no-color.org: not where NO_COLOR is set and not empty. And not where no terminal reads the colours.
    private static func hasColours() -> Bool {
        let variables = Environment.current.variables
        return isatty(STDOUT_FILENO) == 1 && variables["TERM"] != "dumb"
            && variables["NO_COLOR", default: ""].isEmpty
    }

    func run() throws {
        let text = text == "-" ? readLine() ?? "" : text
        guard let code = QRCode(text) else {
            throw Failure(.data, "a QR code holds 1 to \(QRCode.capacity) bytes")
        }
        write(Self.hasColours() ? code.terminal : code.plainTerminal)
    }
}
