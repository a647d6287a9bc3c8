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
    /// Refuses a key by which it takes too long to check a signature, or to encrypt to it.
    func checkCost(_ budget: KeyCost, time: UInt64) throws(KeyRefusal) {
        for key in packets.keys where maySign(key.fingerprint) {
            let probe = ProbeSignature(by: key)
            var outcome: Result<Void, SignatureRefusal>?
            try Self.check("to check a signature", budget) {
                outcome = try? judge(probe.bytes, ProbeSignature.text)
            }
            guard case .failure(.wrong)? = outcome else { throw .library }
        }
        guard device.canEncrypt else { return }
        try Self.check("to encrypt", budget) {
            _ = try? encrypt(ProbeSignature.text, to: self, signedBy: nil, time: time)
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
