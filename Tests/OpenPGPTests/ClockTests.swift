import OpenPGP
import Synchronization
import Support
import Testing

/// A device's clock may be five minutes off, whichever way it went and whatever it made then.
@Suite(.gnuPG, .serialized) struct ClockTests {
    let gnuPG = GnuPG.current
    let text = Array("countersign-v1\nscan\n".utf8)

    @Test(arguments: [(-250, true), (250, true), (-400, true), (400, false)] as [(Int, Bool)])
    func `a key may be made ahead for five minutes`(_ offset: Int, _ isAccepted: Bool) throws {
        let present = now()
        let context = try OpenPGPContext(clock: { present })
        let key = HandmadeKey(created: UInt64(Int(present) + offset))
        let signature = armor(packet(2, try key.sign(text, at: key.created)), "SIGNATURE")
        guard isAccepted else {
            #expect(throws: KeyRefusal.madeAhead(key.created, now: present)) {
                try context.inspect(publicKey: key.armored())
            }
            return
        }
        #expect(try context.inspect(publicKey: key.armored()).canEncrypt)
        _ = try context.verify(signature: signature, message: text, by: key.armored())
    }

    @Test func `a key made ahead is told its time`() {
        let refusal = KeyRefusal.madeAhead(1_795_842_000, now: 1_795_840_800)
        #expect(
            "\(refusal)"
                == "the key, or a signature in it, was made at 2026-11-28T05:00:00Z, 1200 s ahead of the time "
                + "here, 2026-11-28T04:40:00Z: at most 300 s are allowed; set the device's clock")
    }

    @Test func `a signature made before its key is told both times`() {
        let refusal = SignatureRefusal.olderThanKey(1_795_840_800, key: 1_795_842_000)
        #expect(
            "\(refusal)"
                == "the signature was made at 2026-11-28T04:40:00Z, 1200 s before its key, at "
                + "2026-11-28T05:00:00Z: the device's clock ran ahead when it made its key, or is behind now, and at "
                + "most 300 s are allowed; set the device's clock")
    }

    /// The clock went back after the key was made.
    @Test func `a signature may be older than its key for five minutes`() throws {
        let context = try OpenPGPContext()
        let key = HandmadeKey(created: now() - 100)
        let armored = try key.armored()
        func verify(_ offset: Int, _ signed: [UInt8]) throws -> VerifiedSignature {
            let body = try key.sign(signed, at: UInt64(Int(key.created) + offset))
            return try context.verify(
                signature: armor(packet(2, body), "SIGNATURE"), message: text, by: armored)
        }
        #expect(try verify(-60, text).createdAt == key.created - 60)
        #expect(try verify(-300, text).signingFingerprint == context.inspect(publicKey: armored).fingerprint)
        #expect(throws: SignatureRefusal.olderThanKey(key.created - 301, key: key.created)) {
            try verify(-301, text)
        }
        #expect(throws: SignatureRefusal.self) { try verify(-60, text + [0]) }
        var wrong = try key.sign(text, at: key.created - 60)
        wrong[wrong.count - 20] ^= 1
        #expect(throws: SignatureRefusal.wrong) {
            try context.verify(signature: armor(packet(2, wrong), "SIGNATURE"), message: text, by: armored)
        }
    }

    /// gpg itself signs with no key that is younger, so the signature comes first and the key is looked at later.
    @Test(arguments: ["nistp256", "nistp384", "nistp521", "rsa3072"])
    func `that holds for other algorithms`(_ algorithm: String) throws {
        let context = try OpenPGPContext()
        try gnuPG.makeKey(algorithm, algorithm)
        let signature = try gnuPG.sign(
            text, by: algorithm, options: fakedTime(-60) + ["--ignore-time-conflict"])
        let armored = try gnuPG.publicKey(algorithm)
        #expect(try context.verify(signature: signature, message: text, by: armored).createdAt < now() - 50)
        #expect(throws: SignatureRefusal.self) {
            try context.verify(signature: signature, message: text + [0], by: armored)
        }
    }
}

/// A clock that goes when it is told to.
final class Time: Sendable {
    let now = Atomic(OpenPGPTests.now())
}
