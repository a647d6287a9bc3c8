import Countersign
import Postgres
import Support
import Testing
import Webhooks

/// What SQL and Swift both write down is the same.
@Suite(.database) struct SharedLimitTests {
    /// What is refused when it is sent is refused when it is added, and the other way round.
    @Test func `an address is one for a portal when it is one for the worker`() async throws {
        var owner = try await Database.current.connect()
        let question = Statement(
            "callback uris",
            "SELECT countersign.is_callback_uri(a) FROM unnest($1::text[]) WITH ORDINALITY AS u (a, n) ORDER BY n"
        )
        let addresses = Self.addresses + (0..<4_000).map { _ in Self.random() }
        let answers = try await owner.run(question, [.texts(addresses)]).map { try $0.bool(0) }
        for (address, isAccepted) in zip(addresses, answers) {
            #expect(((try? CallbackAddress(address)) != nil) == isAccepted, "\(address)")
        }
        let accepted = answers.count { $0 }
        #expect(accepted > 200 && accepted < 4_000)  // both are tried
    }

    private static let addresses = [
        "https://acme.example", "HTTPS://Acme.Example/Path?q=1", "hTTp://a", "https://acme.example:0/",
        "https://acme.example:99999/", "https://acme.example:65535/", "https://acme.example:65536",
        "https://acme.example:0443/", "https://acme.example:/", "https://127.1/", "https://a..b/",
        "https://a.b./",
        "https://under_score.example/", "https://_/", "https://-a/", "https://a-/", "https://a-.b/",
        "https://a.-b/",
        "https://0x7f.1/", "https://a.0x/", "https://a.0X1F/", "https://0xg.a/", "https://a.0xg/",
        "https://1.2.3.4/",
        "https://1.2.3.256/", "https://01.2.3.4/", "https://1.2.3.4.5/", "https://1.2.3/", "https://1a/",
        "https://a.1/",
        "https://[::1]/", "https://[::]:8443?x", "https://[1::2::3]/", "https://[::1%25lo]/",
        "https://[1.2.3.4]/",
        "https://[1:2:3:4:5:6:.255]", "https://[::1.2]/", "https://[::1..2.3]/",
        "https://[::ffff:1.2.3.4]/", "https://[::01.2.3.4]/", "https://[12345::]/",
        "https://[1:2:3:4:5:6:7:8]/",
        "https://[1:2:3:4:5:6:7::]/", "https://[1:2:3:4:5:6:7:8::]/", "https://[:1]/", "https://[1:]/",
        "https://[]/",
        "https://[::1]x/", "https://[::1", "https://::1]/", "https://[::1]:", "https://[::1/]/",
        "https://a[::1]/",
        "https://a@b/", "https://a:b@c/", "https://a/#f", "https://a#f", "https://a\\b/", "https://a/\\b",
        "https://a?\\",
        "https://a/ b", "https://a/\u{7f}", "https://a/\u{e9}", "https://\u{e9}/", "https:///", "https://",
        "https:/a", "https//a",
        "https://a?b?c", "https://a/{b}|%zz[]^`\"<>", "https://a\n", "https://a/\n", "\nhttps://a/",
        "ftp://a/", "https://a:1:2/",
        "https://" + String(repeating: "a", count: 63) + ".b/",
        "https://" + String(repeating: "a", count: 64) + ".b/",
        "https://" + String(repeating: "a.", count: 126) + "b/",
        "https://" + String(repeating: "a.", count: 126) + "bb/",
        "https://a.b:443@c/", "https://a?x:99999", "https://a/:99999", "https://a:80?x:99999/",
        "https://%61/", "",
    ]

    /// Of pieces that such addresses are made of.
    private static func random() -> String {
        let pieces = [
            "a", "b-", "-", "_", "0x", "1", "12", "255", "256", ".", ".", ":", ":", "::", "[", "]", "/", "?",
            "#", "@", "\\",
            "%41", "ffff", "00", "80", "65536", "A", "\"", " ",
        ]
        let start = [
            "https://", "http://", "https://a", "https://[", "https://1.2.3.", "https://[1:2:3:4:5:6:",
        ]
        return start.randomElement()!
            + (0..<Int.random(in: 0...7)).map { _ in pieces.randomElement()! }.joined()
    }

    @Test func `a list of callback addresses takes what a request may name`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            "INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('p', 'p', 'p', '')"
        )
        for address in ["https://127.1/", "https://a..b/", "https://acme.example:99999/"] {
            let failure = await #expect(throws: PostgresError.self) {
                try await owner.execute(
                    """
                    INSERT INTO countersign.callback_urls (portal_id, url)
                    SELECT portal_id, '\(address)' FROM countersign.portals
                    """)
            }
            #expect(failure?.state == "CS005" && failure?.message.contains("a port from 1 to 65535") == true)
        }
    }

    @Test(arguments: [2_048, 2_049]) func `an address may be as long for a portal as for the worker`(
        length: Int
    )
        async throws
    {
        let start = "https://acme.example/"
        let address = start + String(repeating: "a", count: length - start.utf8.count)
        var owner = try await Database.current.connect()
        let question = Statement("callback uri", "SELECT countersign.is_callback_uri($1)")
        let isAccepted = try await owner.run(question, [.text(address)])[0].bool(0)
        #expect(isAccepted == (length == 2_048))
        #expect(((try? CallbackAddress(address)) != nil) == isAccepted)
    }
}
