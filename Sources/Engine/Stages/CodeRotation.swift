import Countersign
import Crypto
import Postgres

/// The codes of a request that shows another one each step. Code `t` is SHA-256 of code `t + 1`, so that none tells a
/// later one, and the digest of one is found by hashing that of a later one: `t` times for the first one's.
package struct CodeRotation: Sendable {
    /// Where a code stands.
    package enum Place: Sendable, Equatable {
        /// So many steps later than the one whose digest is stored.
        case later(Int)
        case earlier, nowhere
    }

    /// At the time of the submission, counted from the request's first.
    package var now: Int
    /// Whose digest is stored: the first one's, until a code is scanned.
    package var stored: Int
    /// How many there are.
    package var count: Int

    package init(now: Int, stored: Int, count: Int) {
        (self.now, self.stored, self.count) = (now, stored, count)
    }

    /// Digests are those of codes. What is nowhere costs as many hashes as there are steps, at most 600: less than a
    /// signature.
    package func place(of digest: [UInt8], stored first: [UInt8]) -> Place {
        var link = digest
        for steps in 0..<max(count - stored, 1) {
            if constantTimeEqual(link, first) { return .later(steps) }
            link = Array(SHA256.hash(data: link))
        }
        link = first
        for _ in 0..<stored {
            link = Array(SHA256.hash(data: link))
            if constantTimeEqual(link, digest) { return .earlier }
        }
        return .nowhere
    }

    /// Whether a code so many steps after the stored one is shown now, or was in the step before: a phone needs a moment.
    package func isShown(_ steps: Int) -> Bool { (now - 1...now).contains(stored + steps) }
}

extension CodeRotation {
    /// Nil for a request that has one code.
    init?(_ row: inout RowReader) throws {
        let now = try row.optionalInt("step_now")
        let stored = try row.int("step_stored")
        let count = try row.optionalInt("steps")
        guard let now, let count else { return nil }
        self.init(now: now, stored: stored, count: count)
    }
}
