import Crnp

/// ASCII armor, taken strictly: exactly one block and nothing but white space around it. librnp would read the
/// first block and leave the rest unread.
enum Armor {
    enum Block: String {
        case publicKey = "PUBLIC KEY BLOCK"
        case privateKey = "PRIVATE KEY BLOCK"
        case signature = "SIGNATURE"
        case message = "MESSAGE"
    }

    enum Fault: Error, Equatable {
        case notArmored(expected: Block)
        case severalBlocks
        case otherBlock(expected: Block, isPrivateKey: Bool)
        /// Bad base64, a wrong checksum, or no line of headers where it must be.
        case damaged
    }

    static func decode(_ text: String, _ block: Block) throws(Fault) -> [UInt8] {
        let bytes = Array(text.utf8)
        let trimmed = bytes.trimmed
        guard trimmed.starts(with: "-----BEGIN PGP ".utf8) else { throw .notArmored(expected: block) }
        guard trimmed.starts(with: "-----BEGIN PGP \(block.rawValue)-----".utf8) else {
            let isPrivateKey = trimmed.starts(with: "-----BEGIN PGP \(Block.privateKey.rawValue)-----".utf8)
            throw .otherBlock(expected: block, isPrivateKey: isPrivateKey)
        }
        guard trimmed.dropFirst(5).count(of: "-----BEGIN") == 0 else { throw .severalBlocks }
        let end = Array("-----END PGP \(block.rawValue)-----".utf8)
        guard trimmed.suffix(end.count).elementsEqual(end) else { throw .notArmored(expected: block) }
        guard trimmed.dropLast(end.count).count(of: "-----END") == 0 else { throw .severalBlocks }
        return try dearmor(bytes)
    }

    private static func dearmor(_ text: [UInt8]) throws(Fault) -> [UInt8] {
        do throws(OpenPGPError) {
            return unsafe try withInput(text) { input throws(OpenPGPError) in
                unsafe try output(limit: text.count) { output throws(OpenPGPError) in
                    unsafe try check(rnp_dearmor(input, output), "rnp_dearmor")
                }
            }
        } catch {
            throw .damaged
        }
    }
}

extension [UInt8] {
    private static let space: Set<UInt8> = Set(" \t\r\n".utf8)

    /// Without white space at both ends.
    fileprivate var trimmed: ArraySlice<UInt8> {
        let start = firstIndex { !Self.space.contains($0) } ?? endIndex
        let end = lastIndex { !Self.space.contains($0) }.map { $0 + 1 } ?? start
        return self[start..<Swift.max(start, end)]
    }
}

extension ArraySlice<UInt8> {
    fileprivate func count(of text: StaticString) -> Int {
        let pattern = Array(text.description.utf8)
        return indices.count { self[$0...].starts(with: pattern) }
    }
}
