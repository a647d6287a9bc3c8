package import Countersign
import Synchronization

/// Answers of the resolver, kept for a short life: a burst of deliveries to one name asks once. What is vetted is
/// the answer, and what is connected to is an address of that same answer, so the cache cannot be played against
/// the guard. Each portal has its own, as a name that one has asked for waits among the others that it has asked for.
package final class ResolverCache: Sendable {
    /// Whatever time to live an answer has: a receiver that moves is followed after this.
    static let life = Duration.seconds(10)
    static let lifeOfFailure = Duration.seconds(1)
    static let most = 4_096

    package typealias Lookup = @Sendable (String, Int32) async throws -> [IPAddress]

    /// A name, and the portal that asks for it.
    struct Question: Hashable {
        let name: String
        let portalID: Int32
    }
    private struct Entry {
        let answer: Task<[IPAddress], any Error>
        var expires: ContinuousClock.Instant
        /// Moves on when a connection fails: the next delivery tries the next address.
        var turn = 0
    }
    private let entries = Mutex<[Question: Entry]>([:])
    private let lookup: Lookup

    package init(_ lookup: @escaping Lookup) { self.lookup = lookup }

    /// All addresses of the name, the one to try first at the beginning.
    func addresses(_ question: Question) async throws -> [IPAddress] {
        let entry = entries.withLock { entries in
            if let entry = entries[question], entry.expires > .now { return entry }
            if entries.count >= Self.most { entries = entries.filter { $0.value.expires > .now } }
            if entries.count >= Self.most { entries = [:] }
            let answer = Task { [lookup] in try await lookup(question.name, question.portalID) }
            let entry = Entry(answer: answer, expires: .now + Self.life, turn: entries[question]?.turn ?? 0)
            entries[question] = entry
            return entry
        }
        do {
            let addresses = try await entry.answer.value
            let first = entry.turn % addresses.count
            return Array(addresses[first...] + addresses[..<first])
        } catch {
            shorten(question, entry)
            throw error
        }
    }

    func connectionFailed(_ question: Question) {
        entries.withLock { $0[question]?.turn += 1 }
    }

    private func shorten(_ question: Question, _ failed: Entry) {
        entries.withLock { entries in
            guard let entry = entries[question], entry.answer == failed.answer else { return }
            entries[question]?.expires = min(entry.expires, .now + Self.lifeOfFailure)
        }
    }
}
