import OpenPGP
import Synchronization

/// How long OpenPGP may take in one batch, in microseconds of processor time.
///
/// A signature of an Ed25519 key that is loaded takes 84 us, the most that any key may cost is 10,000: a user with the
/// worst key gets two or three looks in each batch, and everybody else has theirs in it, too.
package struct CryptoBudget: Sendable {
    package static let batch = CryptoBudget(user: 20_000, app: 200_000, batch: 1_000_000)
    package static let unlimited = CryptoBudget(user: .max, app: .max, batch: .max)

    package let user: Int
    package let app: Int
    package let batch: Int

    package init(user: Int, app: Int, batch: Int) {
        (self.user, self.app, self.batch) = (user, app, batch)
    }
}

/// Whose work it is.
package struct CryptoPayer: Hashable, Sendable {
    package let app: Int32
    package let user: String

    package init(app: Int32, user: String) {
        (self.app, self.user) = (app, user)
    }
}

/// What became of one piece of work.
package enum CryptoAnswer<Output: Sendable>: Sendable {
    case done(Output)
    case failed(any Error)
    /// Not done: the budget was used up. `isDeferred`: by its own user, whose other work may wait a little.
    case setAside(isDeferred: Bool)
}

/// Counts what the users and apps of one batch have used.
final class CryptoAccount: Sendable {
    private struct Used {
        var users: [CryptoPayer: Int] = [:]
        var apps: [Int32: Int] = [:]
        var batch = 0
    }
    private let used = Mutex(Used())
    private let budget: CryptoBudget

    init(_ budget: CryptoBudget) { self.budget = budget }

    /// Does the work if its payer has something left. Without a payer it is always done, and costs nobody.
    func answer<Output>(_ payer: CryptoPayer?, _ work: () throws -> Output) -> CryptoAnswer<Output> {
        guard let payer else { return answer(work) }
        let (isUserOver, isOver) = used.withLock { used in
            (
                used.users[payer, default: 0] >= budget.user,
                used.apps[payer.app, default: 0] >= budget.app || used.batch >= budget.batch
            )
        }
        guard !isUserOver, !isOver else { return .setAside(isDeferred: isUserOver) }
        let start = processorTime()
        defer { charge(payer, processorTime() - start) }
        return answer(work)
    }

    private func answer<Output>(_ work: () throws -> Output) -> CryptoAnswer<Output> {
        do { return .done(try work()) } catch { return .failed(error) }
    }

    private func charge(_ payer: CryptoPayer, _ cost: Int) {
        used.withLock { used in
            used.users[payer, default: 0] += cost
            used.apps[payer.app, default: 0] += cost
            used.batch += cost
        }
    }
}
