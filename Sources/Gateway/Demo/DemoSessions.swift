import Countersign
import Postgres
import Synchronization

/// Which sign-ins each of the demo's visitors has begun, by the handle in the visitor's cookie. Bounded: of a visitor the
/// last few count, and the oldest visitor goes when there are too many.
final class DemoSessions: Sendable {
    static let cookie = "countersign-demo"
    /// What the browser is known by, for 400 days.
    static let browserCookie = "countersign-demo-browser"
    private static let capacity = 500
    /// The code that is shown, the one before, and other tabs.
    private static let signIns = 8

    private let state = Mutex<(entries: [String: [Identifier]], order: [String])>(([:], []))

    /// Returns the visitor's handle: the one that was given, or a new one of 128 random bits.
    func add(_ id: Identifier, to handle: String?) -> String {
        state.withLock { state in
            if let handle, let known = state.entries[handle] {
                state.entries[handle] = (known + [id]).suffix(Self.signIns)
                return handle
            }
            let made = base64URLEncoded(randomBytes(16))
            state.entries[made] = [id]
            state.order.append(made)
            if state.order.count > Self.capacity { state.entries[state.order.removeFirst()] = nil }
            return made
        }
    }

    /// Whether that visitor has begun it.
    func has(_ id: Identifier, _ handle: String?) -> Bool {
        state.withLock { state in handle.flatMap { state.entries[$0]?.contains(id) } ?? false }
    }
}
