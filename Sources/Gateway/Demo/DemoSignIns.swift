import Countersign
import FoundationEssentials
import Synchronization

/// What the demo's pages show at this moment, by a handle that only the page knows. Bounded: the oldest goes
/// when there are too many.
final class DemoSignIns: Sendable {
    static let capacity = 500

    private let state = Mutex<(entries: [String: SignIns.Started], order: [String])>(([:], []))

    /// Returns the handle: 128 random bits, good for this one sign-in.
    func add(_ started: SignIns.Started) -> String {
        let handle = Data(randomBytes(16)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        state.withLock { state in
            state.entries[handle] = started
            state.order.append(handle)
            if state.order.count > Self.capacity { state.entries[state.order.removeFirst()] = nil }
        }
        return handle
    }

    subscript(handle: String) -> SignIns.Started? { state.withLock { $0.entries[handle] } }
}
