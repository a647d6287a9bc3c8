import CountersignApp
import Foundation
import Support
import Testing

/// What a scanner reads, and the lines that are signed.
@Suite struct CodeTests {
    private let code = "AZwTEG7QcPqs3h7jtC1mGQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

    @Test(arguments: [
        "%", " %\n", "acme://sign-in?otp=%", "https://acme.example/s?x=1&otp=%#top", "\u{FEFF}%",
        "\u{e9}%\u{e9}",
    ])
    func `a code is found`(text: String) throws {
        let found = try AppCode(text.replacing("%", with: code))
        #expect(found.text == code)
        #expect(found.transactionID == UUID(uuidString: "019c1310-6ed0-70fa-acde-1ee3b42d6619"))
        #expect(!"\(found)".contains(code))
    }

    @Test(arguments: ["", "https://acme.example", "%x", "% %", "%-"])
    func `where there is none, or more than one, none is made up`(text: String) {
        #expect(throws: AppError.noCode) { try AppCode(text.replacing("%", with: code)) }
    }

    /// The vectors of `scripts/examples/vectors`, which GnuPG has signed.
    @Test func `the lines are those of the vectors`() throws {
        let folder = Checkout.root.appending(path: "scripts/examples/vectors")
        func text(_ name: String) throws -> String {
            try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        let time = try Date("2026-01-31T08:00:00Z", strategy: .iso8601)
        let enrollment = try #require(UUID(uuidString: "019b7e26-5500-7abc-8def-0123456789ab"))
        let scan = SignedLines(.scan, try AppCode(text("code")), enrollmentID: enrollment, at: time)
        #expect(try String(decoding: scan.bytes, as: UTF8.self) == text("scan.lines"))
        let accept = SignedLines(
            .accept, try AppCode(text("code")), enrollmentID: enrollment, at: time,
            prompt: Prompt(try text("prompt")))
        #expect(try String(decoding: accept.bytes, as: UTF8.self) == text("accept.lines"))
    }

    @Test func `a prompt's last armor is its secure message`() {
        let armor = "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n"
        let prompt = Prompt("Acme\n-----BEGIN PGP MESSAGE----- not\nLocation: here\n" + armor)
        #expect(prompt.lines == ["Acme", "-----BEGIN PGP MESSAGE----- not", "Location: here"])
        #expect(prompt.hasSecureMessage && !Prompt("Acme\nSign in").hasSecureMessage)
    }
}
