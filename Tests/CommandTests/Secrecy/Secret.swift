import Crypto
import Foundation
import Support

/// Something that must not show, and every form in which it could.
struct Secret: Sendable {
    /// What must not show differs from place to place.
    enum Kind: Sendable, CaseIterable {
        case secret
        /// Of a code's secret half: its SHA-256, by which the database knows it.
        case digest
        /// A user's id: nothing secret, and nobody's business in logs and figures.
        case user
    }

    let name: String
    let kind: Kind
    let bytes: [UInt8]
    private let isText: Bool

    init(_ name: String, _ text: String, _ kind: Kind = .secret) {
        (self.name, self.kind, bytes, isText) = (name, kind, Array(text.utf8), true)
    }

    init(_ name: String, bytes: [UInt8], _ kind: Kind = .secret) {
        (self.name, self.kind, self.bytes, isText) = (name, kind, bytes, false)
    }

    /// Plain, base64 and base64url at each place of a longer text (as in `Basic base64(user:password)`), hexadecimal,
    /// percent-encoded, as Swift prints arrays; and with what JSON and forms make of their signs.
    var forms: Set<String> {
        var forms: Set = [hex(bytes), hex(bytes).uppercased(), listed(", "), listed(",")]
        for percent in [percentEncoded { _ in false }, percentEncoded(isUnreserved)] {
            forms.formUnion([percent, lowerEscapes(percent)])
        }
        if isText { forms.insert(String(decoding: bytes, as: UTF8.self)) }
        for base64 in (0..<3).map(base64) {
            let url = base64.replacing("+", with: "-").replacing("/", with: "_")
            let percent = base64.replacing("+", with: "%2B").replacing("/", with: "%2F")
            forms.formUnion([base64, url, percent, lowerEscapes(percent)])
        }
        forms.formUnion(forms.map { $0.replacing("/", with: "\\/") })
        return forms.filter { !$0.contains("\n") && $0.utf8.count >= 10 }
    }

    private func listed(_ separator: String) -> String { bytes.map { "\($0)" }.joined(separator: separator) }

    private func isUnreserved(_ byte: UInt8) -> Bool {
        isText && UnicodeScalar(byte).isASCII
            && (Character(UnicodeScalar(byte)).isLetter || "0123456789-._~".utf8.contains(byte))
    }

    private func percentEncoded(_ isKept: (UInt8) -> Bool) -> String {
        bytes.map { isKept($0) ? String(UnicodeScalar($0)) : "%" + hex([$0]).uppercased() }.joined()
    }

    private func lowerEscapes(_ text: String) -> String {
        text.replacing(/%[0-9A-F]{2}/) { $0.output.lowercased() }
    }

    /// The characters that depend on these bytes alone, `offset` bytes after a multiple of three.
    private func base64(_ offset: Int) -> String {
        let text = Data(Array(repeating: 0, count: offset) + bytes).base64EncodedString()
        return String(
            text.dropFirst([0, 2, 3][offset]).prefix((offset + bytes.count) * 8 / 6 - [0, 2, 3][offset]))
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
}

/// Looks for secrets with grep(1), which knows nothing of ours.
struct Scanner {
    private var secrets: [Secret] = []
    private var known: Set<[UInt8]> = []

    mutating func add(_ secret: Secret) {
        if known.insert(secret.bytes).inserted { secrets.append(secret) }
    }

    var count: Int { secrets.count }

    /// What of the secrets of those kinds is in the text: names, forms, and the line.
    func findings(
        in text: Data, _ kinds: Set<Secret.Kind> = Set(Secret.Kind.allCases)
    ) async throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "scan-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let wanted = secrets.filter { kinds.contains($0.kind) }.flatMap { secret in
            secret.forms.map { (form: $0, name: secret.name) }
        }
        let (patterns, source) = (folder.appending(path: "patterns"), folder.appending(path: "text"))
        try Data(wanted.map { $0.form + "\n" }.joined().utf8).write(to: patterns)
        try text.write(to: source)
        let lines = try await runProgram(
            "grep", ["-a", "-F", "-f", patterns.path, source.path], environment: ["LC_ALL": "C"]
        ).output
        return lines.split(separator: "\n").map { line in
            let found = wanted.filter { line.contains($0.form) }.map { "\($0.name) as \($0.form)" }
            return "\(found.joined(separator: "; ")): \(line.prefix(1_000))"
        }
    }
}
