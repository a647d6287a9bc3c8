import Synchronization

/// Hears what is notified, on the task of its `Notifier`: so it must not wait.
package protocol NotificationReceiver: AnyObject, Sendable {
    /// What came together on all channels that it listens to, in the order in which it came.
    func receive(_ notifications: [Notification])
    /// Nothing comes any more.
    func end()
}

/// Puts what is notified into a stream.
final class StreamReceiver: NotificationReceiver {
    private let continuation: AsyncStream<Notification>.Continuation
    /// Whether an overflow of the stream's buffer matters.
    private let isToldOverflow: Bool

    init(_ continuation: AsyncStream<Notification>.Continuation, isToldOverflow: Bool) {
        (self.continuation, self.isToldOverflow) = (continuation, isToldOverflow)
    }

    func receive(_ notifications: [Notification]) {
        for notification in notifications {
            guard case .dropped = continuation.yield(notification), isToldOverflow else { continue }
            continuation.yield(.gap(in: notification.channel))
        }
    }

    func end() { continuation.finish() }
}
