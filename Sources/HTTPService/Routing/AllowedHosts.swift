import Countersign
import Hummingbird

/// Names by which browsers may ask a server of operators. A page of another site can point its own name at this
/// machine (DNS rebinding) and would then read what is served here as its own; an address cannot be turned so.
package struct AllowedHosts: Sendable {
    private let names: Set<String>

    /// - Parameters:
    ///   - listen: where the server listens; its name, or `localhost`, is allowed, and so is every plain address.
    ///   - more: further names, without ports.
    package init(_ listen: ListenAddress, more: [String] = []) {
        names = Set((more + [listen.host, "localhost"]).map { $0.lowercased() })
    }

    /// - Parameter host: the value of the `Host` header; nil where there is none, as no browser of our days does.
    func allows(_ host: String?) -> Bool {
        guard let host else { return true }
        let name = Self.withoutPort(host).lowercased()
        return names.contains(name) || IPAddress(name) != nil
    }

    /// The host of `host:port`, an address of version 6 without its brackets.
    package static func withoutPort(_ host: String) -> String {
        if host.utf8.first == UInt8(ascii: "[") {
            return String(decoding: host.utf8.dropFirst().prefix { $0 != UInt8(ascii: "]") }, as: UTF8.self)
        }
        return String(decoding: host.utf8.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }
}

extension Problem {
    static let misdirected = Problem(
        .misdirectedRequest, "misdirected_request",
        "This server is not known by that name: ask by its address, or start it with --operations-host and the name."
    )
}
