import Crypto
import OpenPGP
import Support
import Testing

/// Whoever has seen a signature can write it down differently, but cannot make a second one of it.
@Suite(.gnuPG, .serialized) struct MalleabilityTests {
    let context: OpenPGPContext
    let key = HandmadeKey()
    let text = Array("countersign-v1\nscan\n".utf8)

    init() throws { context = try OpenPGPContext() }

    private func verify(_ signature: String) throws(SignatureRefusal) -> VerifiedSignature {
        guard let armored = try? key.armored() else { throw .library }
        return try context.verify(signature: signature, message: text, by: armored)
    }

    /// S + L is the same number to librnp. RFC 8032 section 5.1.7.
    @Test func `the number S is below the order`() throws {
        for _ in 0..<20 {
            let body = try key.sign(text)
            _ = try verify(armor(packet(2, body), "SIGNATURE"))
            let raw = numbers(body)
            let added = raw.head + longNumber(raw.r) + longNumber(addingEd25519Order(raw.s))
            #expect(
                throws: SignatureRefusal.malformed(
                    "the number S of an Ed25519 signature is not below the order of the curve")
            ) { try verify(armor(packet(2, added), "SIGNATURE")) }
        }
    }

    /// Both numbers of 32 bytes, and what comes before them.
    private func numbers(_ body: [UInt8]) -> (head: [UInt8], r: [UInt8], s: [UInt8]) {
        let unhashed = 6 + Int(body[4]) << 8 + Int(body[5])
        let start = unhashed + 2 + Int(body[unhashed]) << 8 + Int(body[unhashed + 1]) + 2
        func take(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
            let bits = Int(rest[rest.startIndex]) << 8 + Int(rest[rest.startIndex + 1])
            let digits = rest.dropFirst(2).prefix((bits + 7) / 8)
            rest = rest.dropFirst(2 + digits.count)
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        }
        var rest = body[start...]
        let r = take(&rest)
        return (Array(body[..<start]), r, take(&rest))
    }

    /// By its digest a repeated signature is known.
    @Test func `one signature has one digest in all its forms`() throws {
        let moment = now()
        let body = try key.sign(text, at: moment)
        let plain = armor(packet(2, body), "SIGNATURE")
        let digest = try verify(plain).digest
        let unhashed = 6 + Int(body[4]) << 8 + Int(body[5])
        let advised = body[..<unhashed] + [0, 4, 3, 100, 1, 2] + body[(unhashed + 2)...]
        let lines = plain.split(separator: "\n", omittingEmptySubsequences: false)
        for other in [
            plain + "\n", plain.replacing("\n", with: "\r\n"),
            plain.replacing("SIGNATURE-----\n\n", with: "SIGNATURE-----\nComment: again\n\n"),
            lines.filter { !$0.hasPrefix("=") }.joined(separator: "\n"),
            armor(packet(2, Array(advised)), "SIGNATURE"),
            armor(packet(10, [1]) + packet(2, body), "SIGNATURE"),
        ] + LengthForm.allCases.map({ armor(packet(2, body, $0), "SIGNATURE") }) {
            #expect(other != plain || other == armor(packet(2, body, .newFive), "SIGNATURE"))
            #expect(try verify(other).digest == digest)
        }
        #expect(try verify(armor(packet(2, key.sign(text, at: moment - 1)), "SIGNATURE")).digest != digest)
    }

    /// Of a signature of ECDSA anybody can make the one with -s.
    @Test func `the other sign of ECDSA has the same digest`() throws {
        let gnuPG = GnuPG.current
        try gnuPG.makeKey("negated", "nistp256")
        let armored = try gnuPG.publicKey("negated")
        let signature = try gnuPG.sign(text, by: "negated")
        let packets = dearmor(signature)
        try #require(packets[0] == 0x88, "an old packet with one byte of length")
        let raw = numbers(Array(packets.dropFirst(2)))
        let body = raw.head + longNumber(raw.r) + longNumber(subtracted(from: raw.s))
        let negated = armor(packet(2, body), "SIGNATURE")
        let digests = try [signature, negated].map {
            try context.verify(signature: $0, message: text, by: armored).digest
        }
        #expect(digests[0] == digests[1])
    }

    /// n - s, for the order n of P-256.
    private func subtracted(from s: [UInt8]) -> [UInt8] {
        let order: [UInt8] =
            [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
            + [
                0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25,
                0x51,
            ]
        var borrow = 0
        return zip(order.reversed(), s.reversed()).map { (one, other) in
            borrow += Int(one) - Int(other)
            defer { borrow >>= 8 }
            return UInt8(truncatingIfNeeded: borrow)
        }.reversed()
    }
}
