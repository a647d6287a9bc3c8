/// A callback URI, taken apart strictly: what two parsers could read in two ways is refused.
package struct CallbackAddress: Sendable, Hashable {
    package enum Scheme: String, Sendable { case http, https }
    package enum Host: Sendable, Hashable {
        /// Lower case, without a trailing dot.
        case name(String)
        case address(IPAddress)
    }

    package let scheme: Scheme
    package let host: Host
    package let port: Int
    /// Path and query, beginning with `/`.
    package let target: String

    package init(_ uri: String) throws(AddressRefusal) {
        guard uri.utf8.count <= 2048, uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw AddressRefusal("the address holds a character that is not printable ASCII, or is too long")
        }
        guard let end = uri.firstRange(of: "://"),
            let scheme = Scheme(rawValue: uri[..<end.lowerBound].lowercased())
        else { throw AddressRefusal("the address is neither https nor http") }
        let rest = uri[end.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != "\\" }
        let tail = rest.dropFirst(authority.count)
        guard !tail.contains("#"), !tail.hasPrefix("\\") else {
            throw AddressRefusal("the address has a fragment or a backslash after its host")
        }
        guard !authority.contains("@") else { throw AddressRefusal("the address has user information") }
        self.scheme = scheme
        (host, port) = try Self.parse(authority, defaultPort: scheme == .https ? 443 : 80)
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }

    /// As it is written in a URL: an IPv6 address in brackets.
    package var hostText: String {
        switch host {
        case .name(let name): name
        case .address(let address): address.isVersion4 ? "\(address)" : "[\(address)]"
        }
    }

    /// Put together again from what was understood, so that no other parser finds something else in it.
    package var url: String { origin + target }

    /// The same without the target, which a parser of URLs would write in its own way.
    package var origin: String { "\(scheme.rawValue)://\(hostText):\(port)" }

    private static func parse(
        _ authority: Substring, defaultPort: Int
    ) throws(AddressRefusal) -> (Host, Int) {
        let hasBrackets = authority.hasPrefix("[")
        let split = hasBrackets ? authority.firstIndex(of: "]").map(authority.index(after:)) : nil
        let hostEnd = split ?? authority.firstIndex(of: ":") ?? authority.endIndex
        let port = try Self.port(authority[hostEnd...], defaultPort)
        let text = authority[..<hostEnd]
        guard hasBrackets else { return (try host(text), port) }
        guard split != nil, let address = IPAddress(text.dropFirst().dropLast()), !address.isVersion4 else {
            throw AddressRefusal("the address has no IPv6 address without a zone in its brackets")
        }
        return (.address(address), port)
    }

    private static func port(_ text: Substring, _ defaultPort: Int) throws(AddressRefusal) -> Int {
        guard !text.isEmpty else { return defaultPort }
        let digits = text.dropFirst()
        guard text.hasPrefix(":"), let port = Int(digits), (1...65_535).contains(port), "\(port)" == digits
        else {
            throw AddressRefusal("the port of the address is no number from 1 to 65535")
        }
        return port
    }

    /// A plain IPv4 address or a DNS name (RFC 1123 section 2.1, with underscores). A name whose last label is a
    /// number is what inet_aton takes for an address in octal, hexadecimal or short form. International names
    /// come as `xn--`.
    private static func host(_ text: Substring) throws(AddressRefusal) -> Host {
        if let address = IPAddress(text) { return .address(address) }
        let name = text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isNameCharacter)
                    && !label.hasPrefix("-") && !label.hasSuffix("-")
            }
        guard isName, let last = labels.last, !isNumber(last) else {
            throw AddressRefusal(
                "the host of the address is neither a DNS name without a trailing dot nor an IP address in its "
                    + "plain spelling")
        }
        return .name(name)
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isNumber(_ label: Substring) -> Bool {
        let digits = label.hasPrefix("0x") ? label.dropFirst(2) : label
        return digits.allSatisfy { $0.isHexDigit }
            && (label.hasPrefix("0x") || label.allSatisfy { $0.isNumber })
    }
}

/// Why an address is not called. Final: the same address is refused again the next time.
package struct AddressRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// - Parameter option: of workers, by which an operator allows it; nil where nothing does.
    package init(_ reason: String, openedBy option: String? = nil) {
        description = reason + (option.map { "; the workers' option \($0) opens it" } ?? "")
    }
}
