import Crypto
import FoundationEssentials

/// The keys of `COUNTERSIGN_MASTER_KEY`: the first seals, all open.
package struct MasterKeys: Sendable {
    package static let variable = "COUNTERSIGN_MASTER_KEY"

    /// Seals. Never without one.
    package let current: MasterKey
    /// Open what was sealed before.
    package let older: [MasterKey]

    package init(current: MasterKey, older: [MasterKey] = []) {
        (self.current, self.older) = (current, older)
    }

    /// Reads `<id>:<base64 of 32 bytes>[,<older>...]`, the id being a decimal number of 32 bits without sign.
    package init(_ text: String?) throws(MasterKeyError) {
        let entries = (text ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmed }
        guard entries.contains(where: { !$0.isEmpty }) else { throw .missing }
        var keys: [MasterKey] = []
        for (index, entry) in entries.enumerated() {
            let key = try MasterKey(entry, place: index + 1)
            guard !keys.contains(where: { $0.id == key.id }) else { throw .repeated(id: key.id) }
            keys.append(key)
        }
        self.init(current: keys[0], older: Array(keys.dropFirst()))
    }

    package func key(_ id: UInt32) -> MasterKey? {
        ([current] + older).first { $0.id == id }
    }
}

extension MasterKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "master keys \(([current] + older).map { String($0.id) }.joined(separator: ", ")) (redacted)"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What is wrong with `COUNTERSIGN_MASTER_KEY`. Entries are named by their place, counted from 1: what stands
/// there may be a key in the wrong position.
package enum MasterKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    case missing
    case malformed(place: Int)
    case invalidID(place: Int)
    case invalidBase64(place: Int)
    case wrongLength(place: Int, bytes: Int)
    case repeated(id: UInt32)

    package var description: String {
        switch self {
        case .missing:
            "\(MasterKeys.variable) is not set: it holds the key that seals secrets. Give the one of this "
                + "installation; only a new installation makes one, with `countersign key generate`"
        case .malformed(let place):
            "\(MasterKeys.variable): entry \(place) is not <id>:<base64 of 32 bytes>"
        case .invalidID(let place):
            "\(MasterKeys.variable): entry \(place) does not begin with an id from 0 to 4294967295"
        case .invalidBase64(let place):
            "\(MasterKeys.variable): what follows the id in entry \(place) is not base64"
        case .wrongLength(let place, let bytes):
            "\(MasterKeys.variable): the key of entry \(place) has \(bytes) bytes, not \(MasterKey.length)"
        case .repeated(let id):
            "\(MasterKeys.variable): two keys have the id \(id)"
        }
    }
}

extension MasterKey {
    fileprivate init(_ entry: Substring, place: Int) throws(MasterKeyError) {
        guard let colon = entry.firstIndex(of: ":") else { throw .malformed(place: place) }
        let digits = entry[..<colon]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let id = UInt32(digits) else {
            throw .invalidID(place: place)
        }
        guard let bytes = Data(base64Encoded: String(entry[colon...].dropFirst())) else {
            throw .invalidBase64(place: place)
        }
        guard bytes.count == Self.length else { throw .wrongLength(place: place, bytes: bytes.count) }
        self.init(id: id, key: SymmetricKey(data: bytes))
    }
}

extension Substring {
    /// Without white space at both ends: a value from a file often ends with a newline.
    fileprivate var trimmed: Substring {
        let start = drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...last]
    }
}
