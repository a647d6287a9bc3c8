import Countersign
import Postgres
import Support
import Testing

/// Text that is shown to a person holds nothing that cannot be seen or that moves what stands beside it, and all that
/// languages need.
@Suite(.database) struct ShownTextTests {
    /// A scalar of each kind that is invisible, fills, formats or is nobody's.
    private static let refused: [UInt32] = [
        0x01, 0x0A, 0x7F, 0x85, 0xAD, 0x34F, 0x115F, 0x17B4, 0x180E, 0x200B, 0x2028, 0x2029, 0x202A,
        0x202E,
        0x2060, 0x2064, 0x206A, 0x2800, 0x3164, 0xE000, 0xFDD0, 0xFE00, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFC,
        0xFFFF,
        0x1BCA0, 0x1D173, 0xE0041, 0xE0100, 0xF0000, 0x10FFFD,
    ]

    private static let insert = Statement(
        "insert shown",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, message, user_agent, reference)
        VALUES ('qr-code', 'https://acme.example/cb', $1, $2, $3)
        """)

    private func refusal(
        message: String? = nil, agent: String? = nil, reference: String? = nil, _ portal: inout Connection
    ) async throws -> PostgresError? {
        let texts: [Parameter] = [Parameter(message), Parameter(agent), Parameter(reference)]
        return try await portal.refusal(of: Self.insert, texts)
    }

    @Test func `what cannot be seen, or moves others, is refused in every text`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        for scalar in Self.refused {
            let text = "a" + String(try #require(Unicode.Scalar(scalar))) + "b"
            let name = String(scalar, radix: 16)
            #expect(try await refusal(message: text, &portal)?.state == "CS003", "message U+\(name)")
            #expect(try await refusal(agent: text, &portal)?.state == "CS003", "user_agent U+\(name)")
            #expect(try await refusal(reference: text, &portal)?.state == "CS003", "reference U+\(name)")
        }
    }

    /// A constraint of a table's is made before there is a function that it could call.
    @Test func `what can be seen is the same to a default message's constraint and to functions`()
        async throws
    {
        var owner = try await Database.current.connect()
        let rule = try await owner.execute(
            """
            SELECT pg_get_constraintdef(oid), 'CHECK ((message ~ ''' || countersign.visible_character() || '''::text))'
            FROM pg_constraint WHERE conname = 'auth_type_messages_visible'
            """)[0]
        #expect(try rule.text(0) == rule.text(1))
    }

    @Test func `what languages need is taken`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let texts = [
            "Zażółć gęślą jaźń", "התחבר\u{200F}!", "تسجيل\u{200E} (1)", "رقم\u{061C} 5", "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
            "日本語", "👩\u{200D}💻 ❤\u{FE0F}", "\u{2067}שלום\u{2069} Acme", "\u{2066}a\u{2068}b\u{2069}\u{2069}",
        ]
        for text in texts {
            #expect(try await refusal(message: text, agent: text, reference: text, &portal) == nil, "\(text)")
        }
    }

    @Test(arguments: ["\u{2067}open", "a\u{2069}", "\u{2066}a\u{2067}b\u{2069}", "\u{2069}a\u{2066}"])
    func `an isolate that is not closed is refused`(_ text: String) async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let error = try #require(try await refusal(message: text, &portal))
        #expect(error.state == "CS003" && error.message.contains("isolate"))
        #expect(try await refusal(agent: text, &portal)?.state == "CS003")
        #expect(try await refusal(message: "a", agent: "b", reference: text, &portal)?.state == "CS003")
    }

    /// By whatever statement: the first line of every prompt, and what an administrator reads of a device.
    @Test func `what is named by a statement goes by the same rule`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let login = try await Database.current.makeLogin("operator", in: .admin)
        var admin = try await Database.current.connect(as: login)
        let rename = Statement("rename", "UPDATE countersign.portals SET display_name = $1")
        let enroll = Statement(
            "name a device",
            "INSERT INTO countersign.enrollments (user_id, device_id, device_name) VALUES ('alice', 'a', $1)")
        for scalar in Self.refused {
            let text = "a" + String(try #require(Unicode.Scalar(scalar))) + "b"
            let name = String(scalar, radix: 16)
            #expect(try await admin.refusal(of: rename, [.text(text)])?.state == "CS003", "U+\(name)")
            #expect(try await app.refusal(of: enroll, [.text(text)])?.state == "CS003", "U+\(name)")
        }
        for text in [" ", "\u{3000}", "\u{200F}"] {
            let error = try await admin.refusal(of: rename, [.text(text)])
            #expect(error?.message == "display_name has nothing in it that can be seen")
        }
        for text in ["בנק\u{200F}", "\u{2067}بنك\u{2069} 24"] {
            #expect(try await admin.refusal(of: rename, [.text(text)]) == nil)
            #expect(try await app.refusal(of: enroll, [.text(text)]) == nil)
        }
    }
}
