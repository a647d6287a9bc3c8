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
        var asked: ContinuousClock.Instant?
        var fetching: Task<Void, Never>?
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
    /// algorithm. Looks for new keys when there is none, as often as the rules allow. Empty when nobody knows it.
    func verifiers(_ name: String?, _ algorithm: String) async -> [any JWTAlgorithm] {
        let (known, age) = state.withLock { state in
            (find(name, algorithm, state), state.fetched.map { $0.duration(to: .now) } ?? .zero)
        }
        if !known.isEmpty {
            if age > rules.keyLifetime / 2 { _ = refresh() }  // nobody waits for an issuer that is slow
            return known
        }
        await refresh()?.value
        return state.withLock { find(name, algorithm, $0) }
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
            if let fetching = state.fetching { return fetching }
            if let asked = state.asked, asked.duration(to: .now) < rules.refreshInterval { return nil }
            state.asked = .now
            let task = Task(name: "keys of tokens") { await fetch() }
            state.fetching = task
            return task
        }
    }

    /// When they cannot be had, what is known stays for its lifetime.
    private func fetch() async {
        do {
            let keys = try await source.read()
            state.withLock { ($0.keys, $0.fetched) = (keys, .now) }
        } catch {
            logger.warning("cannot fetch the keys of tokens", metadata: ["error": "\(error)"])
        }
        state.withLock { $0.fetching = nil }
    }
}
