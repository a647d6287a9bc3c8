import Synchronization

/// How many pages follow at once.
final class StreamLimit: Sendable {
    private static let most = 64
    private let open = Mutex(0)

    /// Whoever follows keeps it; it is free again when nobody does, also when the answer was never sent.
    final class Place: Sendable {
        private let limit: StreamLimit

        fileprivate init(_ limit: StreamLimit) { self.limit = limit }

        deinit { limit.open.withLock { $0 -= 1 } }
    }

    /// Nil when all are taken.
    func place() -> Place? {
        let isFree = open.withLock { open in
            guard open < Self.most else { return false }
            open += 1
            return true
        }
        return isFree ? Place(self) : nil
    }
}
