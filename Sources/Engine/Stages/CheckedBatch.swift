import Postgres

/// A batch after everything that takes time.
struct CheckedBatch<Output: Sendable> {
    private(set) var done: [Output] = []
    private(set) var failures: [(key: Identifier, error: any Error)] = []
    /// Not checked, for it would have cost too much: others come first.
    private(set) var setAside: Set<Identifier> = []
    /// Of those, the ones to be passed over for a moment.
    private(set) var deferred: Set<Identifier> = []

    init(_ keys: [Identifier], _ answers: [CryptoAnswer<Output>]) {
        for (key, answer) in zip(keys, answers) {
            switch answer {
            case .done(let output): done.append(output)
            case .failed(let error): failures.append((key, error))
            case .setAside(let isDeferred):
                setAside.insert(key)
                if isDeferred { deferred.insert(key) }
            }
        }
    }

    /// How long those are passed over.
    var pauses: [Identifier: Duration] {
        Dictionary(uniqueKeysWithValues: deferred.map { ($0, Claim.deferral) })
    }

    /// Something that could be checked at once waits.
    var hasMore: Bool { setAside.count > deferred.count }
}
