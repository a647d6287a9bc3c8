/// Who made a signature, as it says. RFC 9580 sections 5.2.3.12 and 5.2.3.35.
package struct Issuer: Equatable {
    /// 16 hex digits, in upper case.
    package let keyID: String
    /// 40 hex digits, in upper case; nil when only the key ID is said.
    package let fingerprint: String?

    /// Nil when neither can be read, or one contradicts the other.
    package init?(keyID: ArraySlice<UInt8>?, fingerprint: ArraySlice<UInt8>?) {
        if let fingerprint {
            guard fingerprint.count == 21, fingerprint.first == 4 else { return nil }
            guard keyID == nil || keyID == fingerprint.suffix(8) else { return nil }
            self.fingerprint = PacketNumber.hexadecimal(fingerprint.dropFirst())
            self.keyID = PacketNumber.hexadecimal(fingerprint.suffix(8))
        } else {
            guard let keyID, keyID.count == 8 else { return nil }
            (self.keyID, self.fingerprint) = (PacketNumber.hexadecimal(keyID), nil)
        }
    }

    package func isKey(_ fingerprint: String) -> Bool {
        self.fingerprint.map { $0 == fingerprint } ?? fingerprint.hasSuffix(keyID)
    }

    /// With which it is written anew.
    package var subpacket: [UInt8] {
        let id = stride(from: 0, to: 16, by: 2).compactMap { UInt8(keyID.dropFirst($0).prefix(2), radix: 16) }
        return Subpackets.write(Subpackets.Kind.issuer, id)
    }
}
