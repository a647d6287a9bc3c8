import OpenPGP
import Testing

/// Keys with which anybody could keep a core busy are refused by their size, before librnp works with them.
@Suite struct CostlyKeyTests {
    let context: OpenPGPContext
    let key = HandmadeKey()

    init() throws { context = try OpenPGPContext() }

    private func refusal(_ packets: [(tag: UInt8, body: [UInt8])]) -> KeyRefusal? {
        let armored = armor(packets.flatMap { packet($0.tag, $0.body) }, "PUBLIC KEY BLOCK")
        do throws(KeyRefusal) {
            _ = try context.inspect(publicKey: armored)
            return nil
        } catch {
            return error
        }
    }

    /// A sound key, whose signatures take librnp seconds.
    @Test func `a long exponent is refused`() {
        #expect(throws: KeyRefusal.costly("an RSA exponent of 12000 bits", limit: "64 bits")) {
            try context.inspect(publicKey: SlowKey.exponentOf12000Bits)
        }
        #expect(throws: Never.self) { try context.inspect(publicKey: SlowKey.exponentOf64Bits) }
        // One that was enrolled before is not worked with either.
        #expect(throws: SignatureRefusal.key(.costly("an RSA exponent of 12000 bits", limit: "64 bits"))) {
            try context.verify(
                signature: FixedKey.signature, message: FixedKey.text, by: SlowKey.exponentOf12000Bits)
        }
    }

    /// By a point of small order a signature is right for any text.
    @Test(arguments: [0x00, 0x01] as [UInt8]) func `a point of small order is refused`(_ y: UInt8) throws {
        var packets = try key.packets()
        packets[0].body.replaceSubrange(18..., with: [0x40, y] + [UInt8](repeating: 0, count: 31))
        #expect(refusal(packets) == .weakAlgorithm("Ed25519 with a point of small order"))
    }

    /// To such a point everybody's messages are encrypted by the same key.
    @Test(arguments: [0x00, 0x01, 0xEC, 0xED] as [UInt8])
    func `a point of small order to encrypt to is refused`(_ first: UInt8) throws {
        let rest = first < 2 ? [UInt8](repeating: 0, count: 31) : [UInt8](repeating: 0xFF, count: 30) + [0x7F]
        var odd = key
        odd.subkey.replaceSubrange(19..., with: [0x40, first] + rest + [3, 1, 8, 9])
        let found = refusal(try odd.packets())
        #expect(
            found == .weakAlgorithm("Curve25519 with a point of small order"), "\(String(describing: found))")
    }

    /// Of the hash and the cipher by which an ECDH subkey says that its keys are derived.
    @Test(arguments: [[99, 7], [8, 0], [8, 99]] as [[UInt8]])
    func `a key to which nothing can be encrypted is refused`(_ derivation: [UInt8]) throws {
        var odd = key
        odd.subkey.replaceSubrange((odd.subkey.count - 2)..., with: derivation)
        #expect(
            refusal(try odd.packets()) == .malformed("nothing can be encrypted to its subkey for encryption"))
    }

    @Test(arguments: [6, 14] as [UInt8])
    func `the sizes of RSA are bounded`(_ tag: UInt8) throws {
        func refusal(_ modulus: Int, _ exponent: Int) throws -> KeyRefusal? {
            var packets = try key.packets()
            let index = try #require(packets.firstIndex { $0.tag == tag })
            packets[index].body = [4, 1, 2, 3, 4, 1] + Self.odd(modulus) + Self.odd(exponent)
            return self.refusal(packets)
        }
        #expect(try refusal(4097, 17) == .costly("an RSA modulus of 4097 bits", limit: "4096 bits"))
        #expect(try refusal(65_000, 17) == .costly("an RSA modulus of 65000 bits", limit: "4096 bits"))
        #expect(try refusal(3072, 65) == .costly("an RSA exponent of 65 bits", limit: "64 bits"))
        #expect(try refusal(3072, 1) != nil)
    }

    private static func odd(_ bits: Int) -> [UInt8] {
        let top = UInt8(1 << ((bits - 1) % 8))
        return number(UInt64(bits), 2)
            + (bits <= 8 ? [top | 1] : [top] + [UInt8](repeating: 1, count: (bits - 1) / 8))
    }

    @Test func `algorithms that are not known are named`() throws {
        func refusal(_ head: [UInt8]) throws -> KeyRefusal? {
            var packets = try key.packets()
            packets[3].body = [4, 1, 2, 3, 4] + head + Self.odd(3072) + Self.odd(3072)
            return self.refusal(packets)
        }
        #expect(try refusal([16]) == .weakAlgorithm("ElGamal"))
        #expect(try refusal([17]) == .weakAlgorithm("DSA"))
        #expect(try refusal([99]) == .weakAlgorithm("public-key algorithm 99"))
        #expect(
            try refusal([27]) == .weakAlgorithm("Ed25519 in the form of RFC 9580 (algorithm 27)"))
        #expect(try refusal([19, 3, 1, 2, 3]) == .weakAlgorithm("ECDSA on an unknown curve"))
        #expect(
            try refusal([19, 5, 0x2B, 0x81, 0x04, 0x00, 0x0A]) == .weakAlgorithm("ECDSA on secp256k1"))
    }

    @Test func `the number of parts is bounded`() throws {
        let packets = try key.packets()
        let (userID, subkey) = (packets[1...2], packets[3...4])
        #expect(refusal(packets + subkey.repeated(16)) == .costly("17 subkeys", limit: "16"))
        #expect(refusal(packets + userID.repeated(16)) == .costly("17 user IDs", limit: "16"))
        let more = packets[0...1] + userID.suffix(1).repeated(31) + subkey
        #expect(
            refusal(Array(more)) == nil || refusal(Array(more)) == .malformed("a signature is there twice"))
        let most = packets[0...1] + userID.suffix(1).repeated(32) + subkey
        #expect(refusal(Array(most)) == .costly("33 signatures", limit: "32"))
        // Without bodies there is room for thousands.
        #expect(refusal(packets + [(13, [])].repeated(1_900)) == .costly("1901 user IDs", limit: "16"))
        #expect(refusal(packets + [(14, [])].repeated(1_900)) == .costly("1901 subkeys", limit: "16"))
    }

    @Test func `a binding does not nest`() throws {
        var nested: [UInt8] = []
        for _ in 0..<400 {
            let embedded = [UInt8(255)] + number(UInt64(nested.count + 1), 4) + [32] + nested
            nested = [4, 0x18, 22, 8, 0, 0] + number(UInt64(embedded.count), 2) + embedded
        }
        #expect(refusal(Array(try key.packets().dropLast()) + [(2, nested)]) != nil)
    }

    /// What the sizes do not show is measured.
    @Test func `a key over budget is refused`() throws {
        let armored = try key.armored()
        let strict = try OpenPGPContext(budget: KeyCost(microseconds: 0))
        let refusal = #expect(throws: KeyRefusal.self) { try strict.inspect(publicKey: armored) }
        guard case .costly(let cost, "0")? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(cost.hasSuffix(" microseconds to check a signature"))
        #expect(throws: Never.self) { try context.inspect(publicKey: armored) }
    }
}

extension Collection {
    fileprivate func repeated(_ count: Int) -> [Element] { (0..<count).flatMap { _ in Array(self) } }
}
