/// S + L, by which whoever has seen an Ed25519 signature writes another that a careless verifier takes. RFC 8032
/// section 5.1.7. `number` has 32 bytes, the least significant first, as the sum has.
package func addingEd25519Order(_ number: some Sequence<UInt8>) -> [UInt8] {
    let order: [UInt8] =
        [0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14]
        + [UInt8](repeating: 0, count: 15) + [0x10]
    var carry = 0
    return zip(number, order).map { (one, other) in
        carry += Int(one) + Int(other)
        defer { carry >>= 8 }
        return UInt8(truncatingIfNeeded: carry)
    }
}
