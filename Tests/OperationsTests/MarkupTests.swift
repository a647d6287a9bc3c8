import HTTPService
import Postgres
import Support
import Testing

@testable import Operations

/// Texts of portals in an administrator's page.
@Suite(.database) struct MarkupTests {
    /// One of each kind that Swift joins to the character before it, or that joins what comes after it.
    static let joining: [Unicode.Scalar] = [
        "\u{0300}", "\u{0301}", "\u{0338}", "\u{20DD}", "\u{0903}", "\u{200D}", "\u{200C}", "\u{FE0F}",
        "\u{FE00}",
        "\u{E0100}", "\u{1F3FB}", "\u{1F3FF}", "\u{0E33}", "\u{11A8}", "\u{E0041}", "\u{E007F}", "\u{3099}",
    ]
    static let prepending: [Unicode.Scalar] = ["\u{0600}", "\u{0605}", "\u{06DD}", "\u{070F}", "\u{110BD}"]
    private static let marks: [Unicode.Scalar] = ["<", ">", "\"", "'", "&"]

    /// Whether a scalar that HTML takes for its own stands somewhere unescaped.
    private static func holdsMarkup(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.contains { index in
            switch scalars[index] {
            case "<", ">", "\"", "'": true
            case "&":
                !["l", "g", "a", "q", "#"].contains(index + 1 < scalars.count ? scalars[index + 1] : " ")
            default: false
            }
        }
    }

    @Test func `markup is escaped whatever stands beside it`() {
        for mark in Self.marks {
            for scalar in Self.joining + Self.prepending {
                for text in ["\(mark)\(scalar)", "\(scalar)\(mark)", "a\(mark)\(scalar)\(scalar)b"] {
                    let escaped = htmlText(text)
                    #expect(!Self.holdsMarkup(escaped), "\(text.unicodeScalars.map(\.value))")
                    #expect(escaped.unicodeScalars.contains(scalar))
                }
            }
        }
    }

    @Test func `a portal's name cannot put tags into the console`() async throws {
        // As no name can be that goes by the database's own check.
        var owner = try await Database.current.connectAsSuperuser()
        try await owner.execute("SET session_replication_role = replica")
        for (number, scalar) in (Self.joining + Self.prepending).enumerated() {
            let name = "a<\(scalar)img src=x onerror=alert(1) \(scalar)<b x=\"\(scalar)>"
            try await owner.run(
                Statement(
                    "portal\(number)",
                    """
                    INSERT INTO countersign.portals (login, name, display_name, signing_secret)
                    VALUES ('login' || $2, 'portal' || $2, $1, '\\x00')
                    """), [.text(name), .text("\(number)")])
        }
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("portals")
            let scalars = Array(page.unicodeScalars)
            for index in scalars.indices where scalars[index] == "<" {
                // A tag of ours begins with a letter, a slash or an exclamation mark.
                #expect(scalars[index + 1].isASCII)
            }
            #expect(!page.utf8.elementsEqual([]) && page.contains("onerror=alert(1)"))
            for scalar in Self.joining + Self.prepending {
                let raw = Array("<\(scalar)".utf8)
                #expect(page.utf8.firstRange(of: raw) == nil)
                #expect(page.utf8.firstRange(of: Array("\(scalar)<b".utf8)) == nil)
            }
        }
    }

    @Test func `a label in metrics cannot end itself`() {
        for scalar in Self.joining + Self.prepending {
            let family = MetricFamily(
                "x", .gauge,
                [.init(labels: [.init(name: "portal", value: "a\"\(scalar)\\\(scalar)\n")], value: 1)])
            let text = Exposition.text.write([family])
            #expect(text.utf8.firstRange(of: Array("portal=\"a\\\"\(scalar)\\\\\(scalar)\\n\"}".utf8)) != nil)
        }
    }
}
