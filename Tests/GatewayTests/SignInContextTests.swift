import Testing

@testable import Gateway

/// What portals say of their visitors never refuses a sign-in.
@Suite struct SignInContextTests {
    @Test(
        arguments: [
            ("203.0.113.7", "203.0.113.7"), ("203.0.113.7:51008", "203.0.113.7"),
            ("203.0.113.7, 10.0.0.1", "203.0.113.7"), ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1%eth0", "2001:db8::1"), ("::ffff:203.0.113.7", "203.0.113.7"), ("unknown", nil),
            ("unknown, 203.0.113.7", "203.0.113.7"), ("", nil),
            // The visitor has written the first.
            ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
            ("198.51.100.1, 203.0.113.7, 192.168.0.1, fd00::1", "203.0.113.7"),
            ("127.0.0.1, 10.0.0.1", "10.0.0.1"), ("10.0.0.0/8", nil), (nil, nil),
        ] as [(String?, String?)])
    func `an address`(given: String?, taken: String?) {
        #expect(SignInContext.address(given) == taken)
    }

    @Test(
        arguments: [
            ("nl", "nl"), ("NL", "nl"), ("nl-NL", "nl-nl"), ("nl_NL", "nl-nl"), ("en-US,en;q=0.9", "en-us"),
            ("en;q=0.9", "en"), ("zh-Hant-TW", "zh-hant-tw"), (" de", "de"), ("en-x-private", "en"),
            ("*", nil),
            ("dutch", nil), ("n\u{0301}l", nil), ("", nil), ("en-\(String(repeating: "a", count: 60))", "en"),
            (nil, nil),
        ] as [(String?, String?)])
    func `a language`(given: String?, taken: String?) {
        #expect(SignInContext.language(given) == taken)
    }

    @Test func `a browser`() throws {
        #expect(SignInContext.userAgent(nil) == nil)
        #expect(SignInContext.userAgent("Mozilla/5.0 Espa\u{FFFD}a") == "Mozilla/5.0 Espa\u{FFFD}a")
        #expect(
            SignInContext.userAgent("a\nb\u{202E}c\u{2028}d\u{0}") == "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}")
        let long = try #require(SignInContext.userAgent(String(repeating: "e\u{0301}", count: 2_000)))
        #expect(long.unicodeScalars.count == SignInContext.longestUserAgent)
    }
}
