import ArgumentParser
import Countersign
import Engine
import Foundation
import OpenPGP
import Postgres

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
            let code = try ScannedCode(code)
            var memory = try options.file.read()
            let answer = try await memory.submit(.scan, code, prompt: nil, options.transport())
            let prompt = answer.prompt ?? ""
            write(plainLines(memory.publicPart(of: prompt)))
            if let secret = try memory.secureMessage(in: prompt) {
                write("Secure message, signed by the server:\n" + plainLines(secret))
            }
            memory.scan = PhoneMemory.Scan(code: code.text, prompt: prompt)
            try options.file.write(memory)
        }
    }
}

private let armorHeader = "\n-----BEGIN PGP MESSAGE-----\n"

extension PhoneMemory {
    /// The prompt without the armor of a secure message. A message has no line breaks: only the last line that
    /// looks like an armor's first is one.
    fileprivate func publicPart(of prompt: String) -> String {
        guard let range = prompt.range(of: armorHeader, options: .backwards) else { return prompt }
        return String(prompt[..<range.lowerBound])
    }

    /// Decrypts it, and verifies that the server has signed it.
    fileprivate func secureMessage(in prompt: String) throws -> String? {
        guard let range = prompt.range(of: armorHeader, options: .backwards) else { return nil }
        guard let serverPublicKey else {
            throw Failure(.data, "there is a secure message, and the server's key is unknown: enroll again")
        }
        do throws(MessageRefusal) {
            let context = try? OpenPGPContext(capacity: 1)
            guard
                let text = try context?.decrypt(
                    String(prompt[prompt.index(after: range.lowerBound)...]), with: Array(secretKey),
                    signedBy: serverPublicKey)
            else { return nil }
            return String(decoding: text, as: UTF8.self)
        } catch {
            throw Failure(.data, "do not answer: the secure message is not the server's: \(error)")
        }
    }

    /// Signs and sends; fails with 65 unless it was accepted.
    func submit(
        _ action: SubmissionAction, _ code: ScannedCode, prompt: String?, _ transport: any PhoneTransport
    ) async throws -> PhoneAnswer {
        let text = SubmissionText(
            action: action, transactionID: code.transactionID, secretDigest: code.secretDigest,
            enrollmentID: try enrollment, signedAt: Timestamp.now().description.prefix(19) + "Z",
            promptDigest: prompt.map(SubmissionText.digest))
        let signature = try OpenPGPContext(capacity: 1).sign(text.bytes, with: Array(secretKey))
        let answer = try await transport.submit(
            PhoneSubmission(text: text, code: code.text, signature: signature))
        guard answer.result == "accepted" else {
            throw Failure(.data, "\(action.rawValue) was rejected: \(answer.reason ?? "no reason")")
        }
        return answer
    }
}

private func plainLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { plain(String($0)) }
        .joined(separator: "\n")
}
