import Crypto

/// The packets of an OpenPGP text, found without librnp, so that what it would skip or take twice is seen.
///
/// RFC 9580 section 4.2. A header may have the old form or the new one, and a length may be written longer than it
/// must be: what librnp gets is written anew, in one form.
package struct Packets {
    package struct Packet: Equatable {
        package let tag: UInt8
        package let body: ArraySlice<UInt8>
        /// Whether the length could not have been written shorter.
        package let hasShortestLength: Bool
    }

    /// The packet types that are told apart. RFC 9580 section 5.
    package enum Tag {
        package static let sessionKey: UInt8 = 1
        package static let signature: UInt8 = 2
        package static let onePassSignature: UInt8 = 4
        package static let secretKey: UInt8 = 5
        package static let publicKey: UInt8 = 6
        package static let secretSubkey: UInt8 = 7
        package static let marker: UInt8 = 10
        package static let literal: UInt8 = 11
        package static let trust: UInt8 = 12
        package static let userID: UInt8 = 13
        package static let publicSubkey: UInt8 = 14
        package static let userAttribute: UInt8 = 17
        package static let protected: UInt8 = 18
        package static let padding: UInt8 = 21
        /// Section 4.3: whoever does not know one of these passes it over. From 60 on they are private ones.
        package static let notCritical: ClosedRange<UInt8> = 40...63

        /// Packets that stand anywhere and mean nothing to whoever checks a key or a signature.
        package static func isIgnored(_ tag: UInt8) -> Bool {
            [marker, trust, padding].contains(tag) || notCritical.contains(tag)
        }
    }

    package let all: [Packet]

    /// Throws unless the bytes are a sequence of whole packets of known length up to the last byte.
    package init(_ bytes: [UInt8]) throws(Damage) {
        var rest = bytes[...]
        var all: [Packet] = []
        while !rest.isEmpty {
            let start = rest.startIndex
            guard let packet = Self.take(&rest) else {
                throw Damage("packet \(all.count + 1), from byte \(start) on, is not whole")
            }
            all.append(packet)
        }
        self.all = all
    }

    /// The first packet with its header, and all that follows it.
    package static func splitFirst(_ bytes: [UInt8]) -> (first: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        var rest = bytes[...]
        guard take(&rest) != nil else { return nil }
        return (bytes[..<rest.startIndex], rest)
    }

    package static func take(_ rest: inout ArraySlice<UInt8>) -> Packet? {
        guard let first = rest.popFirst(), first & 0x80 != 0 else { return nil }
        let isNew = first & 0x40 != 0
        let length = isNew ? PacketLength(new: &rest) : PacketLength(old: &rest, type: first & 3)
        guard let length, length.count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length.count) }
        return Packet(
            tag: tag(first), body: rest.prefix(length.count), hasShortestLength: length.isShortest)
    }

    /// The next packet, with the parts of its body put together where it comes in parts: section 4.2.1.4.
    package static func takeJoined(_ rest: inout ArraySlice<UInt8>) -> (tag: UInt8, body: [UInt8])? {
        var copy = rest
        guard let first = copy.popFirst(), first & 0xC0 == 0xC0 else {
            return take(&rest).map { ($0.tag, Array($0.body)) }
        }
        var body: [UInt8] = []
        while let length = copy.first, 224..<255 ~= length {
            let count = 1 << Int(length & 31)
            guard copy.count > count else { return nil }
            body += copy.dropFirst().prefix(count)
            copy = copy.dropFirst(1 + count)
        }
        guard let last = PacketLength(new: &copy)?.count, last <= copy.count else { return nil }
        body += copy.prefix(last)
        rest = copy.dropFirst(last)
        return (tag(first), body)
    }

    private static func tag(_ first: UInt8) -> UInt8 { first & 0x40 != 0 ? first & 0x3F : first >> 2 & 0x0F }

    /// Of the next packet, or nil.
    package static func tag(_ rest: ArraySlice<UInt8>) -> UInt8? { rest.first.map(tag) }

    /// Of the body of a public key or subkey packet of version 4: 20 bytes. RFC 9580 section 5.5.4.2.
    package static func fingerprint(ofKey body: some Collection<UInt8>) -> [UInt8] {
        Array(Insecure.SHA1.hash(data: hashed(key: body)))
    }

    /// How a key or subkey goes into what a signature covers, section 5.2.4, and into its fingerprint.
    package static func hashed(key body: some Collection<UInt8>) -> [UInt8] {
        [0x99] + PacketNumber.bytes(body.count, 2) + body
    }

    /// A packet with a header of the new form and the shortest length.
    package static func write(_ tag: UInt8, _ body: some Collection<UInt8>) -> [UInt8] {
        [0xC0 | tag] + PacketLength.new(body.count) + body
    }
}

/// What is wrong with the form of a key, signature or message, in words.
package struct Damage: Error, Equatable {
    package let text: String
    package init(_ text: String) { self.text = text }
}
