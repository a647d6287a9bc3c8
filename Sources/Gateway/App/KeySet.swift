import JWTKit
import Logging
import Resolver
import Synchronization

/// The public keys with which tokens are verified, as their issuer publishes them.
///
/// They count for `keyLifetime` and are fetched anew from half of it on, so that a withdrawn key goes, and that an issuer
/// who is away for a while is not missed. When he is away for longer no key counts any more: nobody would notice that
/// one was withdrawn.
final class KeySet: Sendable {
    private struct State {
        var keys: [TokenKey] = []
        var fetched: ContinuousClock.Instant?
        /// What was fetched, and how often it was another.
        var text: [UInt8] = []
        var edition = 0
        var asked: ContinuousClock.Instant?
        var refresh: Task<Void, Never>?
    }

    private let rules: TokenRules
    private let source: KeySource
    private let logger: Logger
    private let state = Mutex(State())

    init(_ rules: TokenRules, logger: Logger) {
        (self.rules, self.logger) = (rules, logger)
        source = KeySource(
            address: rules.keys, trustRoots: rules.keysTrustRoots, patience: rules.keyPatience,
            resolver: NameResolver())
    }

    deinit { source.resolver.close() }

    /// What verifies a token of that `kid` and algorithm: as a rule one. Without a `kid` the only key there is for the
    /// algorithm. Looks for new keys when there is none, as often as the rules allow. Empty when nobody knows it. Also
    /// the `edition` that they are of.
    func verifiers(
        _ name: String?, _ algorithm: String
    ) async -> (keys: [any JWTAlgorithm], edition: Int) {
        if edition() != nil {
            let (known, edition) = state.withLock { (find(name, algorithm, $0), $0.edition) }
            if !known.isEmpty { return (known, edition) }
        }
        await refresh()?.value
        return state.withLock { (find(name, algorithm, $0), $0.edition) }
    }

    /// Of the keys that count now: another when what is published has changed. Nil when none count.
    func edition() -> Int? {
        let (edition, age) = state.withLock { ($0.edition, $0.fetched?.duration(to: .now)) }
        guard let age, age < rules.keyLifetime else { return nil }
        if age > rules.keyLifetime / 2 { _ = refresh() }  // nobody waits for an issuer that is slow
        return edition
    }

    private func find(_ name: String?, _ algorithm: String, _ state: State) -> [any JWTAlgorithm] {
        guard let fetched = state.fetched, fetched.duration(to: .now) < rules.keyLifetime else { return [] }
        let fitting = state.keys.filter { name == nil || $0.name == name }
            .compactMap { $0.algorithms[algorithm] }
        return name == nil && fitting.count > 1 ? [] : fitting
    }

    /// Begins to fetch, unless that was done lately. Whoever waits for the task waits for what is under way.
    private func refresh() -> Task<Void, Never>? {
        state.withLock { state in
            if let refresh = state.refresh { return refresh }
            if let asked = state.asked, asked.duration(to: .now) < rules.refreshInterval { return nil }
            state.asked = .now
            let task = Task(name: "keys of tokens") { await fetch() }
            state.refresh = task
            return task
        }
    }

    /// When they cannot be had, what is known stays for its lifetime.
    private func fetch() async {
        do {
            let (keys, text) = try await source.read()
            state.withLock { state in
                if text != state.text { state.edition += 1 }
                (state.keys, state.text, state.fetched) = (keys, text, .now)
            }
        } catch {
            logger.warning("cannot fetch the keys of tokens", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.refresh = nil }
    }
}
