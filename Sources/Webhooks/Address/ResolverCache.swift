package import Countersign
import Synchronization

/// Answers of the resolver, kept for a short life: a burst of deliveries to one name asks once. What is vetted is
/// the answer, and what is connected to is an address of that same answer, so the cache cannot be played against
/// the guard.
package final class ResolverCache: Sendable {
    /// getaddrinfo tells no time to live. A receiver that moves is followed after this.
    static let life = Duration.seconds(10)
    static let lifeOfFailure = Duration.seconds(1)
    static let most = 4_096

    package typealias Lookup = @Sendable (String) async throws -> [IPAddress]

    private struct Entry {
        let answer: Task<[IPAddress], any Error>
        var expires: ContinuousClock.Instant
        /// Moves on when a connection fails: the next delivery tries the next address.
        var turn = 0
    }
    private let entries = Mutex<[String: Entry]>([:])
    private let lookup: Lookup

    package init(_ lookup: @escaping Lookup) { self.lookup = lookup }

    /// All addresses of the name, the one to try first at the beginning.
    func addresses(of name: String) async throws -> [IPAddress] {
        let entry = entries.withLock { entries in
            if let entry = entries[name], entry.expires > .now { return entry }
            if entries.count >= Self.most { entries = entries.filter { $0.value.expires > .now } }
            let answer = Task { [lookup] in try await lookup(name) }
            let entry = Entry(answer: answer, expires: .now + Self.life, turn: entries[name]?.turn ?? 0)
            entries[name] = entry
            return entry
        }
        do {
            let addresses = try await entry.answer.value
            let first = entry.turn % addresses.count
            return Array(addresses[first...] + addresses[..<first])
        } catch {
            shorten(name, entry)
            throw error
        }
    }

    func connectionFailed(to name: String) {
        entries.withLock { $0[name]?.turn += 1 }
    }

    private func shorten(_ name: String, _ failed: Entry) {
        entries.withLock { entries in
            guard let entry = entries[name], entry.answer == failed.answer else { return }
            entries[name]?.expires = min(entry.expires, .now + Self.lifeOfFailure)
        }
    }
}
