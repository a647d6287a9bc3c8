import Foundation
import OpenPGP
import Support
import Testing

/// 10,000 keys and signatures that nobody made. `scripts/fuzz` does the same for longer, guided by coverage.
///
/// In a process of its own, so that its memory is its own and a crash is seen as what it is.
@Suite struct RandomInputTests {
    @Test func `random input is refused and leaves nothing`() async {
        await #expect(processExitsWith: .success) {
            let context = try OpenPGPContext(capacity: 10)
            var input = RandomInput()
            try input.refuse(1_000, context)
            let before = try residentKilobytes()
            try input.refuse(10_000, context)
            let growth = try residentKilobytes() - before
            // A leak of 2 KiB a string would be 20,000.
            #expect(growth < 8_000, "\(growth) KiB")
        }
    }
}

private func residentKilobytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[1])) * 4
}

/// The same strings in each run.
private struct RandomInput: RandomNumberGenerator {
    private var numbers = SplitMix(state: 0x9E37_79B9_7F4A_7C15)

    mutating func next() -> UInt64 { numbers.next() }

    /// One half as keys, the other as signatures.
    mutating func refuse(_ count: Int, _ context: OpenPGPContext) throws {
        let (key, signature) = (dearmor(FixedKey.publicKey), dearmor(FixedKey.signature))
        let right = try context.inspect(publicKey: FixedKey.publicKey)
        let verified = try context.verify(
            signature: FixedKey.signature, message: FixedKey.text, by: FixedKey.publicKey)
        for index in 0..<count / 2 {
            let forgedKey = make(index, like: key, "PUBLIC KEY BLOCK")
            let accepted = try? context.inspect(publicKey: forgedKey)
            #expect(accepted == nil || accepted == right)
            let forged = make(index, like: signature, "SIGNATURE")
            let signed = try? context.verify(
                signature: forged, message: FixedKey.text, by: FixedKey.publicKey)
            #expect(signed == nil || signed == verified)
        }
    }

    private mutating func make(_ index: Int, like bytes: [UInt8], _ block: String) -> String {
        switch index % 5 {
        case 0: String(decoding: random(0...300), as: UTF8.self)
        case 1: armor(random(0...300), block)
        case 2:
            // Cut off between two packets a key would be a whole one, but for what comes then.
            armor(Array(bytes.prefix(.random(in: 0...bytes.count, using: &self))) + random(1...20), block)
        case 3: armor(spliced(bytes), block)
        default: armor(mutated(bytes), block)
        }
    }

    /// With some bytes left out, or some there again.
    private mutating func spliced(_ bytes: [UInt8]) -> [UInt8] {
        let places = (0..<2).map { _ in Int.random(in: 0...bytes.count, using: &self) }
        return Array(bytes[..<places[0]] + bytes[places[1]...])
    }

    private mutating func random(_ count: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: count, using: &self)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    private mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            bytes[.random(in: bytes.indices, using: &self)] ^= .random(in: 1...255, using: &self)
        }
        return bytes
    }
}
