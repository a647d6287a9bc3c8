/// Where to listen: `127.0.0.1:9090`, `[::1]:9090`, `0.0.0.0:0` for any free port.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    /// Nil unless it is a host and a port. An IPv6 address stands in brackets, as in a URL (RFC 3986 section 3.2.2).
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count > 1, let digits = parts.last, (1...5).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(Substring(digits)), port <= 65_535
        else { return nil }
        let host = text.utf8.dropLast(digits.count + 1)
        let isBracketed = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]")
        guard isBracketed || parts.count == 2 else { return nil }
        self.init(host: String(Substring(isBracketed ? host.dropFirst().dropLast() : host)), port: port)
        guard !self.host.isEmpty else { return nil }
    }

    package var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
