import Countersign
import Crypto
import Foundation
import Support
import Synchronization
import Testing

/// What was said and written while everything ran, and what must not be in it.
final class Evidence: Sendable {
    private struct Source {
        let kinds: Set<Secret.Kind>
        var data = Data()
    }

    /// Fires each time that something was said.
    let additions = Signal()
    private let state = Mutex((scanner: Scanner(), sources: [String: Source]()))

    func mustNotShow(_ secret: Secret) { state.withLock { $0.scanner.add(secret) } }

    /// A code, its secret half, and the digest of that.
    func mustNotShow(code text: String) throws {
        let code = try #require(Code(text))
        mustNotShow(Secret("code", text))
        mustNotShow(Secret("secret half of a code", bytes: code.secret))
        mustNotShow(Secret("digest of a code", bytes: Array(SHA256.hash(data: code.secret)), .digest))
    }

    /// - Parameter kinds: what must not be in it; everything unless somebody may see it there.
    func add(_ name: String, _ text: String, _ kinds: Set<Secret.Kind> = Set(Secret.Kind.allCases)) {
        state.withLock { state in
            state.sources[name, default: Source(kinds: kinds)].data.append(Data((text + "\n").utf8))
        }
        additions.fire()
    }

    func text(_ name: String) -> String {
        String(decoding: state.withLock { $0.sources[name]?.data ?? Data() }, as: UTF8.self)
    }

    /// Fails for each secret in each source, and for a source that does not hold what it must.
    func judge(_ markers: [String: [String]]) async throws {
        let (scanner, sources) = state.withLock { ($0.scanner, $0.sources) }
        #expect(Set(sources.keys) == Set(markers.keys))
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            let text = String(decoding: source.data, as: UTF8.self)
            // Not in the expectation, which would print it all.
            let missing = (markers[name] ?? []).filter { !text.contains($0) }
            #expect(missing == [], "\(name)")
            // Planted last, so that the very scan that finds nothing is known to find something.
            let planted = Secret("planted", "planted-\(UUID().uuidString)")
            var looking = scanner
            looking.add(planted)
            let found = try await looking.findings(
                in: source.data + Data(planted.forms.first!.utf8), source.kinds)
            #expect(
                found.count == 1 && found.first?.hasPrefix("planted as ") == true,
                "\(name):\n\(found.joined(separator: "\n"))")
        }
    }
}
