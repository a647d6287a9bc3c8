import Countersign
import Foundation
import Postgres
import Support
import Testing

/// Whoever has seen a scan cannot send it again, however the signature is written down.
@Suite(.database) struct RepeatedSignatureTests {
    @Test func `a repeated scan is known in every form`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (_, code) = try await portal.issued()
            let scan = try phone.submission(.scan, code)
            let prompt = try #require(try await app.submit(scan).prompt)
            let signature = try #require(scan.signature)
            for (form, text) in Self.forms(of: signature) {
                var again = scan
                again.signature = text
                let answer = try await app.submit(again)
                #expect(answer.reason == "already_used", "\(form)")
                #expect(answer.prompt == nil, "\(form)")
            }
            var malleable = scan
            malleable.signature = Self.withOrderAdded(signature)
            #expect(malleable.signature != nil)
            #expect(try await app.submit(malleable).reason == "invalid_signature")
            let anew = try phone.submission(.scan, code, at: .seconds(1))
            #expect(try await app.submit(anew).prompt == prompt)
        }
    }

    /// An app that does not know whether its answer arrived sends it again.
    @Test(arguments: [SubmissionAction.accept, .deny])
    func `a repeated answer has the outcome of the first, and no other end`(action: SubmissionAction)
        async throws
    {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let (transaction, code) = try await portal.issued()
            let answer = try phone.submission(action, code)
            for _ in 0..<3 { #expect(try await app.submit(answer).result == "accepted") }
            var other = try await SQLPhone.enroll("bob", &app).submission(action, code)
            #expect(try await app.submit(other).reason == "already_used")
            other.signature = answer.signature
            #expect(try await app.submit(other).reason == "invalid_signature")
            let ends =
                "SELECT count(*) FROM countersign.webhook_deliveries WHERE transaction_id = '\(transaction)'"
            #expect(try await Database.current.count(ends) == 1)
        }
    }

    private static func forms(of signature: String) -> [(form: String, text: String)] {
        let lines = signature.split(whereSeparator: \.isNewline).map(String.init)
        let body = lines[1...].prefix { !$0.hasPrefix("=") && !$0.hasPrefix("-----END") }.joined()
        let packet = Data(base64Encoded: body) ?? Data()
        let content = packet.dropFirst(packet[0] & 0x40 == 0 ? 1 + 1 << Int(packet[0] & 3) : 2)
        return [
            ("the same", signature), ("another line feed", signature + "\n"),
            ("LF for CRLF", signature.replacing("\r\n", with: "\n")),
            ("a comment", armor(packet, comment: "Comment: again\n")), ("no checksum", armor(packet)),
            ("a wrong checksum", armor(packet, sum: "\n=AAAA")),
            ("five bytes of length", armor(Data([0xC2, 255, 0, 0, 0, UInt8(content.count)]) + content)),
            ("an old length of two bytes", armor(Data([0x89, 0, UInt8(content.count)]) + content)),
            ("a marker before it", armor(Data([0xCA, 3, 80, 71, 80]) + packet)),
        ]
    }

    private static func armor(_ packet: Data, comment: String = "", sum: String = "") -> String {
        "-----BEGIN PGP SIGNATURE-----\n\(comment)\n\(packet.base64EncodedString())\(sum)\n-----END PGP SIGNATURE-----"
    }

    /// S + L instead of S, with which it ends, the least significant byte first.
    private static func withOrderAdded(_ signature: String) -> String? {
        let lines = signature.split(whereSeparator: \.isNewline).map(String.init)
        let body = lines[1...].prefix { !$0.hasPrefix("=") && !$0.hasPrefix("-----END") }.joined()
        guard var packet = Data(base64Encoded: body) else { return nil }
        let count = (1...32).reversed().first { count in
            let place = packet.count - count - 2
            let bits = Int(packet[place]) << 8 + Int(packet[place + 1])
            return (bits + 7) / 8 == count && packet[place + 2] != 0
        }
        guard let count else { return nil }
        let s = [UInt8](repeating: 0, count: 32 - count) + packet.suffix(count)
        let sum = addingEd25519Order(s)
        let digits = Array(sum.drop { $0 == 0 })
        let bits = digits.count * 8 - digits[0].leadingZeroBitCount
        let header = packet[0] & 0x40 == 0 ? 1 + 1 << Int(packet[0] & 3) : 2
        let content =
            packet.dropFirst(header).dropLast(count + 2) + [UInt8(bits >> 8), UInt8(bits & 255)] + digits
        packet = Data([0xC2, UInt8(content.count)]) + content
        return armor(packet)
    }
}
