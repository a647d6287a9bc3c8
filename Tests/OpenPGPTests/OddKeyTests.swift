import OpenPGP
import Synchronization
import Testing

/// Sound keys in forms that other programs write: none of them is damaged. RFC 9580 sections 4.2, 5 and 6.
@Suite struct OddKeyTests {
    let context: OpenPGPContext
    let key = HandmadeKey()

    init() throws { context = try OpenPGPContext() }

    private func expectAccepted(_ armored: String, _ location: SourceLocation = #_sourceLocation) {
        #expect(throws: Never.self, sourceLocation: location) {
            let found = try context.inspect(publicKey: armored)
            #expect(found.canEncrypt, sourceLocation: location)
            #expect(found.signingFingerprints == [found.fingerprint], sourceLocation: location)
        }
    }

    private func armored(_ packets: [(tag: UInt8, body: [UInt8])], _ form: LengthForm = .new) -> String {
        armor(packets.flatMap { packet($0.tag, $0.body, form) }, "PUBLIC KEY BLOCK")
    }

    @Test(arguments: LengthForm.allCases)
    func aLengthMayBeWrittenInAnyForm(_ form: LengthForm) throws {
        expectAccepted(armored(try key.packets(), form))
    }

    /// Of a subpacket, too, although a signature covers how it is written.
    @Test func aSubpacketMayHaveFiveBytesOfLength() throws {
        let covered = HandmadeKey.subpacketsWithFiveBytes([[27, 3], [11, 9], [21, 8]])
        let certification = try key.certification(area: covered)
        expectAccepted(try key.armored(certifications: [certification]))
    }

    /// Marker, trust, padding, unassigned packets that are not critical, private and experimental ones.
    @Test(arguments: [10, 12, 21, 40, 59, 60, 61, 62, 63] as [UInt8])
    func whatMeansNothingToAKeyMayStandAnywhere(_ tag: UInt8) throws {
        let packets = try key.packets()
        for place in 0...packets.count {
            for body in [Array("PGP".utf8), [], [UInt8](repeating: 1, count: 300)] {
                var more = packets
                more.insert((tag, body), at: place)
                expectAccepted(armored(more, .newFive))
            }
        }
    }

    /// Reserved, encrypted, compressed and literal data, and unassigned ones that are critical.
    @Test(arguments: [0, 1, 3, 8, 9, 11, 18, 20, 22, 39] as [UInt8])
    func whatDoesNotBelongToAKeyIsNamed(_ tag: UInt8) throws {
        let packets = try key.packets() + [(tag, [1, 2, 3])]
        #expect(
            throws: KeyRefusal.malformed("packet 6, of type \(tag), does not belong there in a public key")
        ) { try context.inspect(publicKey: armored(packets)) }
    }

    @Test func whatTheArmorLooksLikeSaysNothing() throws {
        let armored = try key.armored()
        let lines = armored.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let end = lines.count - 2
        let sum = try #require(lines.firstIndex { $0.hasPrefix("=") })
        func with(_ line: String, at index: Int) -> String {
            var changed = lines
            changed.insert(line, at: index)
            return changed.joined(separator: "\n")
        }
        func replacing(_ index: Int, _ line: String) -> String {
            var changed = lines
            changed[index] = line
            return changed.joined(separator: "\n")
        }
        for (index, text) in [
            with("", at: end), with("", at: sum), with(" \t", at: 4), with("", at: 1),
            "\n\n" + armored + "\n",
            "\u{FEFF}" + armored, lines.joined(separator: "\r\n"), lines.joined(separator: "\r"),
            lines.joined(separator: " \t\n "), with("Comment: made by hand", at: 1),
            with("Version: 1", at: 1),
            with("Comment:", at: 1), replacing(sum, "=AAAA"), replacing(sum, "=A"), replacing(sum, "=???"),
            replacing(sum, ""), replacing(sum, "====="), replacing(1, "Charset: UTF-8"), oneLine(lines),
        ].enumerated() {
            #expect(throws: Never.self, "form \(index)") { try context.inspect(publicKey: text) }
        }
    }

    private func oneLine(_ lines: [String]) -> String {
        let body = lines[2...].prefix { !$0.hasPrefix("=") }
        return [lines[0], "", body.joined(), lines[lines.count - 2]].joined(separator: "\n")
    }

    @Test func aDamagedLineIsNamed() throws {
        var lines = try key.armored().split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        lines[5].replaceSubrange(lines[5].startIndex...lines[5].startIndex, with: "*")
        #expect(throws: KeyRefusal.malformed("line 6 is not base64 from its character 1 on")) {
            try context.inspect(publicKey: lines.joined(separator: "\n"))
        }
    }

    /// What is not covered by a signature is advice, which counts for nothing.
    @Test func uncoveredSubpacketsSayNothing() throws {
        let advice: [[UInt8]] = [
            [100, 1, 2], [16] + [UInt8](repeating: 7, count: 8), [2, 0, 0, 0, 0], [0x94],
        ]
        expectAccepted(try key.armored(certifications: [key.certification(uncovered: advice)]))
    }

    @Test func anExpiredOlderSelfSignatureSaysNothing() throws {
        let old = try key.certification(at: key.created, covered: [[3] + number(60, 4)])
        let new = try key.certification(at: key.created + 100)
        expectAccepted(try key.armored(certifications: [old, new]))
        expectAccepted(try key.armored(certifications: [new, old]))
        #expect(throws: KeyRefusal.expired) {
            try context.inspect(publicKey: key.armored(certifications: [old]))
        }
    }

    /// The one that lasts longer does, and not for ever.
    @Test func aSelfSignatureThatExpiresLaterIsForgottenThen() throws {
        let time = Time()
        let context = try OpenPGPContext(clock: { time.now.load(ordering: .relaxed) })
        let brief = try key.certification(covered: [[3] + number(5_000, 4)])
        let armored = try key.armored(certifications: [brief])
        _ = try context.inspect(publicKey: armored)
        time.now.store(key.created + 5_001, ordering: .relaxed)
        #expect(throws: KeyRefusal.expired) { try context.inspect(publicKey: armored) }
    }

    @Test func aWeakSelfSignatureBesideABetterOneSaysNothing() throws {
        let (weak, strong) = (try key.certification(hash: 2), try key.certification(at: key.created + 1))
        expectAccepted(try key.armored(certifications: [weak, strong]))
        #expect(throws: KeyRefusal.weakSelfSignature("SHA1")) {
            try context.inspect(publicKey: key.armored(certifications: [weak]))
        }
    }

    /// A key that says it ends later in a newer signature, as GnuPG does when somebody prolongs it.
    @Test func aProlongedKeyIsAccepted() throws {
        let old = try key.certification(covered: [[9] + number(60, 4)])
        let new = try key.certification(at: key.created + 100, covered: [[9] + number(1_000_000, 4)])
        expectAccepted(try key.armored(certifications: [old, new]))
    }
}
