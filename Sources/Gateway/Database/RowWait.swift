import Engine

/// One request's wait, which ends with this value.
final class RowWait: Sendable {
    private let wakeup: Wakeup
    private let leave: @Sendable () -> Void

    init(_ wakeup: Wakeup, _ leave: @escaping @Sendable () -> Void) {
        (self.wakeup, self.leave) = (wakeup, leave)
    }

    deinit { leave() }

    /// Returns at news since the last wait, and after `limit` at last: then the table is looked at anyway,
    /// as a notification is only a hint. True at news.
    @discardableResult
    func wait(_ limit: Duration) async -> Bool { await wakeup.wait(limit) == .rung }
}
