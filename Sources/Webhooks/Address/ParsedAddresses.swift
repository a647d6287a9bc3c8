import Countersign
import Synchronization

/// Callback addresses that were taken apart: a portal has few, and many deliveries to each. Bounded; the parser is a
/// pure function, so what it said once it would say again.
final class ParsedAddresses: Sendable {
    private static let most = 1_000
    private let known = Mutex<[String: CallbackAddress]>([:])

    func address(_ uri: String) throws(AddressRefusal) -> CallbackAddress {
        if let address = known.withLock({ $0[uri] }) { return address }
        let address = try CallbackAddress(uri)
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[uri] = address
        }
        return address
    }
}
