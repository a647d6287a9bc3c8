import NIOCore

/// Networks whose word about a client's address counts. Everybody can write `X-Forwarded-For`: it is read from
/// its end, past the proxies that are trusted, and what comes first then is the client.
package struct TrustedProxies: Sendable {
    /// A network in CIDR notation (RFC 4632): `10.0.0.0/8`, `::1`.
    struct Network: Sendable {
        let bytes: [UInt8]
        let length: Int

        init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let bytes = addressBytes(String(parts[0])) else { return nil }
            let length = parts.count == 1 ? bytes.count * 8 : Int(parts[1])
            guard let length, (0...bytes.count * 8).contains(length) else { return nil }
            (self.bytes, self.length) = (bytes, length)
        }

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            return (0..<length).allSatisfy { bit in
                (address[bit / 8] ^ bytes[bit / 8]) & (128 >> UInt8(bit % 8)) == 0
            }
        }
    }

    private let networks: [Network]

    package static let none = TrustedProxies(networks: [])

    private init(networks: [Network]) { self.networks = networks }

    /// Reads `10.0.0.0/8,::1`; nil when one of them is no network.
    package init?(_ list: String) {
        let networks = list.split(separator: ",").map { Network($0.filter { $0 != " " }) }
        guard !networks.contains(where: { $0 == nil }) else { return nil }
        self.init(networks: networks.compactMap(\.self))
    }

    private func trusts(_ address: String) -> Bool {
        guard let bytes = addressBytes(address) else { return false }
        return networks.contains { $0.contains(bytes) }
    }

    /// The client's address: the last one that no trusted proxy has.
    func client(peer: String?, forwarded: [String]) -> String? {
        guard var client = peer else { return nil }
        let hops = forwarded.joined(separator: ",").split(separator: ",").map { $0.filter { $0 != " " } }
        for hop in hops.reversed() {
            guard trusts(client), addressBytes(hop) != nil else { break }
            client = hop
        }
        return client
    }
}

/// 4 or 16 bytes; an IPv4 address that is written as IPv6 counts as IPv4.
private func addressBytes(_ text: String) -> [UInt8]? {
    // Writes it in the one form that is read here.
    guard let plain = (try? SocketAddress(ipAddress: text, port: 0))?.ipAddress else { return nil }
    if plain.contains(".") {
        let numbers = plain.split(separator: ":").last?.split(separator: ".").compactMap { UInt8($0) } ?? []
        return numbers.count == 4 ? numbers : nil
    }
    let halves = plain.split(separator: "::", omittingEmptySubsequences: false).map { half in
        half.split(separator: ":").compactMap { UInt16($0, radix: 16) }
    }
    let (head, tail) = (halves[0], halves.count > 1 ? halves[1] : [])
    guard head.count + tail.count <= 8 else { return nil }
    let words = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    return words.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
}
