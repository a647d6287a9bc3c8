import NIOCore
import Synchronization

/// The beginning of an answer's body, as far as it has come.
final class KeptBody: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let most: Int

    init(most: Int) { self.most = most }

    func append(_ part: ByteBuffer) {
        bytes.withLock { $0.append(contentsOf: part.readableBytesView.prefix(max(0, most - $0.count))) }
    }

    /// Without NUL, which the database cannot keep.
    var text: String { bytes.withLock { String(decoding: $0.filter { $0 != 0 }, as: UTF8.self) } }
}
