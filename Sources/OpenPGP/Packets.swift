/// The packets of an OpenPGP text, found without librnp, so that what it would skip or take twice is seen.
///
/// RFC 9580 section 4.2. A header may have the old form or the new one, and a length may be written longer than it
/// must be: what librnp gets is written anew, in one form.
struct Packets {
    struct Packet: Equatable {
        let tag: UInt8
        let body: ArraySlice<UInt8>
        /// Whether the length could not have been written shorter.
        let hasShortestLength: Bool
    }

    /// The packet types that are told apart. RFC 9580 section 5.
    enum Tag {
        static let sessionKey: UInt8 = 1
        static let signature: UInt8 = 2
        static let secretKey: UInt8 = 5
        static let publicKey: UInt8 = 6
        static let secretSubkey: UInt8 = 7
        static let marker: UInt8 = 10
        static let trust: UInt8 = 12
        static let userID: UInt8 = 13
        static let publicSubkey: UInt8 = 14
        static let userAttribute: UInt8 = 17
        static let protected: UInt8 = 18
        static let padding: UInt8 = 21
        /// Section 4.3: whoever does not know one of these passes it over. From 60 on they are private ones.
        static let notCritical: ClosedRange<UInt8> = 40...63

        /// Packets that stand anywhere and mean nothing to whoever checks a key or a signature.
        static func isIgnored(_ tag: UInt8) -> Bool {
            [marker, trust, padding].contains(tag) || notCritical.contains(tag)
        }
    }

    let all: [Packet]

    /// Throws unless the bytes are a sequence of whole packets of known length up to the last byte.
    init(_ bytes: [UInt8]) throws(Damage) {
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
    static func splitFirst(_ bytes: [UInt8]) -> (first: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        var rest = bytes[...]
        guard take(&rest) != nil else { return nil }
        return (bytes[..<rest.startIndex], rest)
    }

    static func take(_ rest: inout ArraySlice<UInt8>) -> Packet? {
        guard let first = rest.popFirst(), first & 0x80 != 0 else { return nil }
        let isNew = first & 0x40 != 0
        let length = isNew ? PacketLength(new: &rest) : PacketLength(old: &rest, type: first & 3)
        guard let length, length.count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length.count) }
        return Packet(
            tag: tag(first), body: rest.prefix(length.count), hasShortestLength: length.isShortest)
    }

    private static func tag(_ first: UInt8) -> UInt8 { first & 0x40 != 0 ? first & 0x3F : first >> 2 & 0x0F }

    /// Of the next packet, or nil.
    static func tag(_ rest: ArraySlice<UInt8>) -> UInt8? { rest.first.map(tag) }

    /// A packet with a header of the new form and the shortest length.
    static func write(_ tag: UInt8, _ body: some Collection<UInt8>) -> [UInt8] {
        [0xC0 | tag] + PacketLength.new(body.count) + body
    }
}

/// What is wrong with the form of a key, signature or message, in words.
struct Damage: Error, Equatable {
    let text: String
    init(_ text: String) { self.text = text }
}
