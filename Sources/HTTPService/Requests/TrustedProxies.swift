package import Countersign

/// Networks whose word about a client's address counts. Everybody can write `X-Forwarded-For`: it is read from
/// its end, past the proxies that are trusted, and what comes first then is the client.
package struct TrustedProxies: Sendable {
    private let networks: [AddressRange]

    package static let none = TrustedProxies([])

    package init(_ networks: [AddressRange]) { self.networks = networks }

    /// The client's address: the last one that no trusted proxy has.
    ///
    /// - Parameters:
    ///   - peer: of the connection; nil where it has none.
    ///   - forwarded: the values of `X-Forwarded-For`, in their order.
    package func client(peer: IPAddress?, forwarded: [String]) -> IPAddress? {
        guard var client = peer?.unmapped else { return nil }
        let hops = forwarded.flatMap { $0.utf8.split(separator: UInt8(ascii: ",")) }
        for hop in hops.reversed() {
            guard trusts(client), let address = IPAddress(forwarded: Substring(hop))?.unmapped
            else {
                break
            }
            client = address
        }
        return client
    }

    func trusts(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }
}
