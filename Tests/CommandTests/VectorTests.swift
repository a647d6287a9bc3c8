import Foundation
import OpenPGP
import Support
import Testing

/// The files that developers of apps check their signers with.
@Suite struct VectorTests {
    private let folder = Checkout.root.appending(path: "scripts/examples/vectors")

    private func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    private func verify(_ signature: String, _ lines: String) throws {
        _ = try OpenPGPContext().verify(
            signature: text(signature), message: Array(text(lines).utf8), by: text("device.public"))
    }

    @Test func `GnuPG makes the same files again`() async throws {
        let script = Checkout.root.appending(path: "scripts/vectors").path
        let outcome = try await Shell().start([script, "--check"], isProgram: false).outcome()
        #expect(outcome.text == "" && outcome.status == 0)
    }

    @Test func `the right signatures count`() throws {
        try verify("scan.signature", "scan.lines")
        try verify("accept.signature", "accept.lines")
    }

    @Test(arguments: [
        ("other-key", SignatureRefusal.otherSigner("2F1C29A723F1675C589206AE43F1BBEDDA2EED1B")),
        ("other-action", .otherText), ("no-last-line-feed", .otherText),
        ("carriage-returns", .otherText), ("text-mode", .notBinary(type: 1)),
    ])
    func `the wrong ones do not`(name: String, refusal: SignatureRefusal) throws {
        #expect(throws: refusal) { try verify("wrong-\(name).signature", "accept.lines") }
    }

    /// The guide shows them, so that nobody need open a file to compare.
    @Test func `the guide shows what the files hold`() throws {
        let guide = try String(
            contentsOf: Checkout.root.appending(path: "Sources/Countersign/Countersign.docc/Apps.md"),
            encoding: .utf8)
        #expect(guide.contains("```text\n\(try text("accept.lines"))```"))
        #expect(guide.contains("`\(try text("code"))`"))
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            #expect(guide.contains("`\(file)`"), "\(file)")
        }
    }
}
