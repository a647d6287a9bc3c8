import FoundationEssentials
package import OpenPGP
package import Postgres

/// The OpenPGP contexts of one stage, one a core, among which it spreads a batch.
///
/// Work on the same key always goes to the same context, which has it loaded: the contexts share no keys.
package struct CryptoCrew: Sendable {
    /// Between two pauses, in which the other stages of this process get their turn: half a millisecond.
    private static let worksAtATime = 8
    /// Fewer are done before others could be woken.
    private static let worksWorthSharing = 16

    package let contexts: [OpenPGPContext]

    /// `size` is by default the number of cores that this process may use, `capacity` how many device keys each
    /// context keeps loaded.
    package init(size: Int? = nil, capacity: Int = 1_000) throws(OpenPGPError) {
        var contexts: [OpenPGPContext] = []
        for _ in 0..<(size ?? ProcessInfo.processInfo.activeProcessorCount) {
            contexts.append(try OpenPGPContext(capacity: capacity))
        }
        self.contexts = contexts
    }

    /// Results in the order of their inputs. Throws what the first failing work throws.
    package func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], affinity: (Input) -> Identifier,
        _ work: @escaping @Sendable (OpenPGPContext, Input) throws -> Output
    ) async throws -> [Output] {
        let shares = Dictionary(grouping: inputs.indices) { index in
            affinity(inputs[index]).hashValue.magnitude % UInt(contexts.count)
        }
        guard inputs.count >= Self.worksWorthSharing, shares.count > 1 else {
            return try await Self.run(inputs) { input in
                try work(contexts[Int(affinity(input).hashValue.magnitude % UInt(contexts.count))], input)
            }
        }
        return try await withThrowingTaskGroup(of: (indices: [Int], outputs: [Output]).self) { group in
            for (context, indices) in shares {
                let (context, share) = (contexts[Int(context)], indices.map { inputs[$0] })
                group.addTask { (indices, try await Self.run(share) { try work(context, $0) }) }
            }
            var outputs = [Output?](repeating: nil, count: inputs.count)
            for try await done in group {
                for (index, output) in zip(done.indices, done.outputs) { outputs[index] = output }
            }
            return outputs.compactMap { $0 }
        }
    }

    private static func run<Input, Output>(
        _ inputs: [Input], _ work: (Input) throws -> Output
    ) async throws -> [Output] {
        var outputs: [Output] = []
        outputs.reserveCapacity(inputs.count)
        for (count, input) in inputs.enumerated() {
            if count % worksAtATime == worksAtATime - 1 { await Task.yield() }
            outputs.append(try work(input))
        }
        return outputs
    }
}
