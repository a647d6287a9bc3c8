/// Ranges that no webhook goes to unless the deployment allows them: everything that is not a unicast address of
/// the public Internet. IANA's special-purpose registries (RFC 6890), and what Svix, Hook0 and Smokescreen refuse.
package enum ForbiddenRanges {
    package static let all: [(range: AddressRange, name: String)] = [
        ("0.0.0.0/8", "this network"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "carrier's NAT"),
        ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local, cloud metadata"),
        ("172.16.0.0/12", "private"), ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"), ("192.31.196.0/24", "AS112"), ("192.52.193.0/24", "AMT"),
        ("192.88.99.0/24", "6to4 relays"), ("192.168.0.0/16", "private"), ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarks"), ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"), ("224.0.0.0/4", "multicast"), ("240.0.0.0/4", "reserved"),
        // Unspecified, loopback, and IPv4 in IPv6: mapped, compatible, translated (SIIT).
        ("::/8", "loopback or an IPv4 address in IPv6"),
        ("64:ff9b::/96", "NAT64"), ("64:ff9b:1::/48", "local NAT64"), ("100::/64", "discard"),
        ("100:0:0:1::/64", "dummy"), ("2001::/23", "protocol assignments, Teredo"),
        ("2001:db8::/32", "documentation"), ("2002::/16", "6to4"), ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"), ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"), ("fe80::/10", "link-local"), ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    ].map { text, name in
        guard let range = try? AddressRange(text) else { preconditionFailure("\(text) is no range") }
        return (range, name)
    }

    /// The range that holds the address; nil when it may be called.
    package static func range(of address: IPAddress) -> (range: AddressRange, name: String)? {
        all.first { $0.range.contains(address) } ?? outsideGlobalUnicast(address)
    }

    /// IANA gives out 2000::/3 only; NAT64's well-known prefix is refused by name above.
    private static func outsideGlobalUnicast(_ address: IPAddress) -> (range: AddressRange, name: String)? {
        guard !address.isVersion4, address.bytes[0] >> 5 != 1, let rest = try? AddressRange("::/0") else {
            return nil
        }
        return (rest, "not a global unicast address")
    }
}
