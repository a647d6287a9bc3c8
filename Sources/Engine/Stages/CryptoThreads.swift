import Dispatch
import FoundationEssentials
package import OpenPGP
package import Postgres

/// The OpenPGP contexts of one stage, each with a thread of its own, among which it spreads a batch.
///
/// The threads are not those of Swift's concurrency: whatever keys cost, listeners and clocks of this process go on.
/// Work on the same key always goes to the same context, which has it loaded: the contexts share no keys.
package struct CryptoThreads: Sendable {
    private let threads: [Thread]

    fileprivate struct Thread: Sendable {
        let context: OpenPGPContext
        let queue: DispatchQueue
    }

    /// `size` is by default the number of cores that this process may use, `capacity` how many device keys each
    /// context keeps loaded, `clock` the time by which keys and signatures are judged, in seconds since 1970.
    package init(
        size: Int? = nil, capacity: Int = 1_000,
        clock: @escaping @Sendable () -> UInt64 = OpenPGPContext.systemTime
    ) throws(OpenPGPError) {
        var threads: [Thread] = []
        for number in 0..<(size ?? ProcessInfo.processInfo.activeProcessorCount) {
            threads.append(
                Thread(
                    context: try OpenPGPContext(capacity: capacity, clock: clock),
                    queue: DispatchQueue(label: "countersign.openpgp.\(number)")))
        }
        self.threads = threads
    }

    /// Results in the order of their inputs. Throws what the first failing work throws.
    package func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], affinity: @Sendable (Input) -> Identifier,
        _ work: @escaping @Sendable (OpenPGPContext, Input) throws -> Output
    ) async throws -> [Output] {
        let answers = await attempt(inputs, affinity: affinity, payer: { _ in nil }, .unlimited, work)
        return try answers.map { answer in
            switch answer {
            case .done(let output): output
            case .failed(let error): throw error
            case .setAside: preconditionFailure("without a payer everything is done")
            }
        }
    }

    /// What became of each input, in their order. One that fails stops no other, and what would cost its user or app
    /// more than `budget` allows is set aside.
    package func attempt<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], affinity: (Input) -> Identifier,
        payer: @escaping @Sendable (Input) -> CryptoPayer?,
        _ budget: CryptoBudget, _ work: @escaping @Sendable (OpenPGPContext, Input) throws -> Output
    ) async -> [CryptoAnswer<Output>] {
        let account = CryptoAccount(budget)
        let shares = Dictionary(grouping: inputs.indices) { index in
            Int(affinity(inputs[index]).hashValue.magnitude % UInt(threads.count))
        }
        return await withTaskGroup(of: (indices: [Int], answers: [CryptoAnswer<Output>]).self) { group in
            for (number, indices) in shares {
                let (thread, share) = (threads[number], indices.map { inputs[$0] })
                group.addTask {
                    let answers = await thread.run {
                        share.map { input in
                            account.answer(payer(input)) { try work(thread.context, input) }
                        }
                    }
                    return (indices, answers)
                }
            }
            var answers = [CryptoAnswer<Output>](repeating: .setAside(isDeferred: false), count: inputs.count)
            for await done in group {
                for (index, answer) in zip(done.indices, done.answers) { answers[index] = answer }
            }
            return answers
        }
    }

    /// One piece of work that belongs to no row.
    package func once<Output: Sendable>(
        _ work: @escaping @Sendable (OpenPGPContext) throws -> Output
    ) async throws -> Output {
        let thread = threads[0]
        return try await thread.run { Result { try work(thread.context) } }.get()
    }
}

extension CryptoThreads.Thread {
    fileprivate func run<Output: Sendable>(_ work: @escaping @Sendable () -> Output) async -> Output {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }
}
