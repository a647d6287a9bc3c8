import Foundation
import Testing

/// A scanner that finds nothing proves nothing.
@Suite struct ScannerTests {
    private static let word = "s3cret/wörd+of \"somebody\"?"
    private static let raw: [UInt8] = (0..<32).map { UInt8(truncatingIfNeeded: 251 &* $0 &+ 7) }

    /// How others would write it: by Foundation and by hand, not by the scanner's own code.
    private static func plantings() throws -> [(how: String, text: String)] {
        let bytes = Data(raw)
        let url = bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        let percent = try #require(word.addingPercentEncoding(withAllowedCharacters: unreserved))
        let form = bytes.base64EncodedString().addingPercentEncoding(withAllowedCharacters: unreserved)
        let json = try JSONEncoder().encode(["key": bytes.base64EncodedString()])
        return [
            ("plain", word), ("percent", percent),
            (
                "lower percent",
                percent.replacing("%2F", with: "%2f").replacing("%2B", with: "%2b").replacing(
                    "%C3%B6", with: "%c3%b6"
                ).replacing("%3F", with: "%3f")
            ),
            ("base64 of a text", Data(word.utf8).base64EncodedString()),
            ("Basic", "Basic " + Data("acme:\(word)".utf8).base64EncodedString()),
            ("Basic, another place", "Basic " + Data("acm:\(word):x".utf8).base64EncodedString()),
            ("Basic, the third place", "Basic " + Data("ac:\(word)xx".utf8).base64EncodedString()),
            ("hex of a text", Data(word.utf8).map { String(format: "%02x", $0) }.joined()),
            ("base64", bytes.base64EncodedString()), ("base64url", url),
            ("in JSON", String(decoding: json, as: UTF8.self)),
            ("base64 in a form", try #require(form)),
            (
                "base64 in another's form",
                try #require(form).replacing("%2B", with: "%2b").replacing("%2F", with: "%2f")
            ), ("inside a code", Data(Array(repeating: 9, count: 16) + raw).base64EncodedString()),
            ("hex", bytes.map { String(format: "%02x", $0) }.joined()),
            ("upper hex", bytes.map { String(format: "%02X", $0) }.joined()),
            ("bytea", "\\x" + bytes.map { String(format: "%02x", $0) }.joined()), ("an array", "\(raw)"),
            ("an array without blanks", "\(raw)".replacing(" ", with: "")),
            ("percent of bytes", bytes.map { String(format: "%%%02X", $0) }.joined()),
            ("lower percent of bytes", bytes.map { String(format: "%%%02x", $0) }.joined()),
        ]
    }

    @Test func `it finds a secret in each form, in the midst of others`() async throws {
        var scanner = Scanner()
        for number in 0..<50 {
            scanner.add(Secret("other \(number)", "other-secret-\(number)-\(UUID().uuidString)"))
        }
        scanner.add(Secret("word", Self.word))
        scanner.add(Secret("raw", bytes: Self.raw))
        let noise = String(repeating: "nothing of interest\n", count: 10_000)
        for (how, text) in try Self.plantings() {
            let found = try await scanner.findings(in: Data("\(noise)before \(text) after\n\(noise)".utf8))
            #expect(
                found.count == 1 && found.allSatisfy { $0.hasPrefix("word as ") || $0.hasPrefix("raw as ") },
                "\(how)")
        }
        #expect(
            try await scanner.findings(
                in: Data((noise + "s3cret/wörd+of somebody\n" + hex(Self.raw.dropLast())).utf8)) == [])
    }

    @Test func `only the kinds that are asked for`() async throws {
        var scanner = Scanner()
        scanner.add(Secret("user", "walter-the-user", .user))
        #expect(try await scanner.findings(in: Data("walter-the-user".utf8), [.secret, .digest]) == [])
        #expect(try await scanner.findings(in: Data("walter-the-user".utf8), [.user]).count == 1)
    }
}
