import ArgumentParser
import Countersign

/// `countersign qr`.
struct QR: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qr",
        abstract: "Print a text as a QR code in the terminal.",
        discussion: """
            Others see the arguments of a process: give - to read the text from standard input.

            Examples:
              countersign qr https://example.com
              psql -qtAc "SELECT countersign.await_otp('...', '2 s')" | countersign qr -
            """)

    @Argument(help: "The text, or - for one line of standard input.")
    var text: String

    func run() throws {
        let text = text == "-" ? readLine() ?? "" : text
        guard let code = QRCode(text) else {
            throw Failure(.data, "a QR code holds 1 to \(QRCode.capacity) bytes")
        }
        write(code.terminal)
    }
}
