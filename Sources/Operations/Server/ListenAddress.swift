/// Where to listen: `127.0.0.1:9090`, `[::1]:9090`, `0.0.0.0:0` for any free port.
package struct ListenAddress: Sendable, Hashable {
    package let host: String
    package let port: Int

    /// Nil unless it is a host and a port.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.host = host
        self.port = port
    }
}
