/// Where this deployment's workers may send webhooks. Given to a worker at its start, never in the database: who
/// can write there must not be able to open the network behind the workers.
package struct AddressPolicy: Sendable {
    /// Plain HTTP is allowed to these, and they are allowed though they are forbidden ranges.
    package var plainHTTP: [AddressRange]
    /// Allowed by HTTPS though they are forbidden ranges.
    package var allowed: [AddressRange]
    package var ports: [ClosedRange<Int>]

    package init(
        plainHTTP: [AddressRange] = [], allowed: [AddressRange] = [],
        ports: [ClosedRange<Int>] = [443...443, 8443...8443]
    ) {
        (self.plainHTTP, self.allowed, self.ports) = (plainHTTP, allowed, ports)
    }

    /// What can be known of an address without resolving its name.
    package func checkUnresolved(_ uri: String) throws(AddressRefusal) {
        let address = try CallbackAddress(uri)
        try check(address)
        if case .address(let number) = address.host { try check([number], address.scheme) }
    }

    /// What can be known before the name is resolved.
    package func check(_ address: CallbackAddress) throws(AddressRefusal) {
        guard ports.contains(where: { $0.contains(address.port) }) else {
            throw AddressRefusal("port \(address.port) is not allowed", openedBy: "--allow-ports")
        }
        guard address.scheme == .https || !plainHTTP.isEmpty else {
            throw AddressRefusal("only https is allowed", openedBy: "--allow-http")
        }
    }

    /// One forbidden answer is enough: a name that has a public and a private address is no mistake.
    package func check(_ answers: [IPAddress], _ scheme: CallbackAddress.Scheme) throws(AddressRefusal) {
        for answer in answers {
            if plainHTTP.contains(where: { $0.contains(answer) }) { continue }
            guard scheme == .https else {
                throw AddressRefusal("only https is allowed to \(answer)", openedBy: "--allow-http")
            }
            if allowed.contains(where: { $0.contains(answer) }) { continue }
            if let (range, name) = ForbiddenRanges.range(of: answer) {
                throw AddressRefusal(
                    "\(answer) is in a forbidden range, \(range) (\(name))", openedBy: "--allow-address")
            }
        }
    }
}
