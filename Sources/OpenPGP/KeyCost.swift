import Crypto
import OpenPGPPackets

/// What a device's key may cost whoever works with it, measured when it is enrolled.
///
/// librnp takes 84 us for a signature of Ed25519, 938 us for one of RSA with 4,096 bits,
/// and for the slowest curve, brainpoolP512r1, 1.0 ms to check one and 1.7 ms to encrypt to it. The budget is six
/// times that, for slower machines; it is of processor time, so that a busy machine refuses nothing.
package struct KeyCost: Sendable, Equatable {
    package static let budget = KeyCost(microseconds: 10_000)

    package let microseconds: Int

    package init(microseconds: Int) { self.microseconds = microseconds }

    /// The least of three runs, of this thread alone.
    static func measure(_ work: () -> Void) -> KeyCost {
        let runs = (0..<3).map { _ in
            let start = processorTime()
            work()
            return processorTime() - start
        }
        return KeyCost(microseconds: runs.min() ?? 0)
    }
}

extension Certificate {
    /// Refuses a key by which it takes too long to check a signature, or to encrypt to it, or to which nothing can be
    /// encrypted.
    func checkCost(_ budget: KeyCost, time: UInt64) throws(KeyRefusal) {
        for key in packets.keys where maySign(key.fingerprint) {
            let probe = ProbeSignature(by: key)
            var outcome: Result<Void, SignatureRefusal>?
            try Self.check("to check a signature", budget) {
                outcome = try? judge(probe.bytes, ProbeSignature.text)
            }
            guard case .failure(.wrong)? = outcome else { throw .library }
        }
        for key in packets.keys where key.curve == .curve25519 { try Self.checkAgreement(key) }
        guard device.canEncrypt else { return }
        var outcome: Result<String, OpenPGPError>?
        try Self.check("to encrypt", budget) {
            outcome = Result { () throws(OpenPGPError) in
                try encrypt(ProbeSignature.text, to: self, signedBy: nil, time: time)
            }
        }
        if case .failure(let error)? = outcome {
            guard !error.isWantOfMemory else { throw .library }
            throw .malformed("nothing can be encrypted to its subkey for encryption")
        }
    }

    /// Refuses a point of small order (RFC 7748 section 6.1): whatever is encrypted to it, anybody can read.
    private static func checkAgreement(_ key: KeyMaterial) throws(KeyRefusal) {
        let secret = try? Curve25519.KeyAgreement.PrivateKey().sharedSecretFromKeyAgreement(
            with: Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.numbers[0].dropFirst()))
        guard let secret, unsafe !secret.withUnsafeBytes({ unsafe $0.allSatisfy { $0 == 0 } }) else {
            throw .weakAlgorithm("Curve25519 with a point of small order")
        }
    }

    private static func check(
        _ purpose: String, _ budget: KeyCost, _ work: () -> Void
    ) throws(KeyRefusal) {
        let cost = KeyCost.measure(work).microseconds
        guard cost <= budget.microseconds else {
            throw .costly("\(cost) microseconds \(purpose)", limit: "\(budget.microseconds)")
        }
    }
}
