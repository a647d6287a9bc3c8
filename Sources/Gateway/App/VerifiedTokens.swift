import Crypto
import Synchronization

/// What tokens say whose signatures were found genuine: an app sends the same one with each request of minutes, and
/// verifying it anew took 18 % of the time of `serve`.
///
/// Counts for the keys of that time alone, so that a token goes with its key. Whether it is over, and all else that a
/// token has to fulfil, is looked at each time. A token is known by its digest, and kept nowhere.
final class VerifiedTokens: Sendable {
    private typealias Known = [SHA256.Digest: TokenClaims]

    private struct State {
        /// Of the keys.
        var edition = 0
        /// Those that were asked for since the last turn, and those that were asked for before.
        var recent: Known = [:]
        var older: Known = [:]

        mutating func keep(_ claims: TokenClaims, _ digest: SHA256.Digest, _ most: Int) {
            if recent.count >= most { (older, recent) = (recent, [:]) }
            recent[digest] = claims
        }
    }

    /// Two times as many are remembered at most. Whoever gets more from the issuer has everybody's verified anew, as all
    /// are without this.
    private let most: Int
    private let state = Mutex(State())
    /// In bytes. What says more is verified each time: what an issuer writes into tokens must not fill the memory.
    private static let longest = 2_048

    init(most: Int = 2_048) { self.most = most }

    /// - Parameter edition: of the keys that count now.
    func claims(of token: [UInt8], _ edition: Int) -> TokenClaims? {
        let digest = SHA256.hash(data: token)
        return state.withLock { state in
            guard state.edition == edition else { return nil }
            if let claims = state.recent[digest] { return claims }
            guard let claims = state.older[digest] else { return nil }
            state.keep(claims, digest, most)
            return claims
        }
    }

    /// - Parameter edition: of the keys that have verified it.
    func remember(_ claims: TokenClaims, of token: [UInt8], _ edition: Int) {
        guard claims.size <= Self.longest else { return }
        let digest = SHA256.hash(data: token)
        state.withLock { state in
            // Keys that were fetched meanwhile may be others.
            guard edition >= state.edition else { return }
            if edition > state.edition { state = State(edition: edition) }
            state.keep(claims, digest, most)
        }
    }

    /// How many are remembered.
    var count: Int { state.withLock { $0.recent.count + $0.older.count } }
}

extension TokenClaims {
    /// About how many bytes it takes.
    fileprivate var size: Int {
        let texts = [iss, sub] + aud
        return texts.reduce(200) { $0 + 16 + $1.utf8.count } + scopes.reduce(0) { $0 + 32 + $1.utf8.count }
    }
}
