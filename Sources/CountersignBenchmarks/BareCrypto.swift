import Engine
import Foundation
import OpenPGP
import Postgres

/// OpenPGP without anything else: the reference of what workers do with it.
enum BareCrypto {
    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Calls `work` for each index on that many tasks, each with a context of its own; calls a second. The same
    /// key goes to the same task, as in a worker.
    static func rate(
        _ count: Int, tasks: Int, key: @escaping @Sendable (Int) -> Int = { $0 },
        _ work: @escaping @Sendable (OpenPGPContext, Int) throws -> Void
    ) async throws -> Double {
        let contexts = try (0..<tasks).map { _ in try OpenPGPContext() }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (task, context) in contexts.enumerated() {
                group.addTask {
                    for index in 0..<count where key(index) % tasks == task { try work(context, index) }
                }
            }
            try await group.waitForAll()
        }
        return Double(count) / (start.duration(to: .now) / .seconds(1))
    }

    /// Key pairs of devices, made on all cores.
    static func devices(_ count: Int) async throws -> [KeyPair] {
        try await CryptoThreads(size: cores).map(Array(0..<count), affinity: { _ in .random() }) {
            context, index in
            try context.generateKeyPair(userID: "device \(index)")
        }
    }
}
