import Engine
import Testing

/// What a prompt says of the visitor, from what browsers send.
@Suite struct PromptLinesTests {
    private static let mozilla = "Mozilla/5.0"
    private static let webKit = "AppleWebKit/537.36 (KHTML, like Gecko)"
    private static let iOS =
        "(iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    private static let windows = "(Windows NT 10.0; Win64; x64)"
    private static let android = "(Linux; Android 10; K)"

    static let agents: [(agent: String, shown: String)] = [
        ("\(mozilla) \(windows) \(webKit) Chrome/126.0.0.0 Safari/537.36", "Chrome (Windows)"),
        ("\(mozilla) \(windows) \(webKit) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge (Windows)"),
        ("\(mozilla) \(windows) \(webKit) Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0", "Opera (Windows)"),
        (
            "\(mozilla) (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "Firefox (Windows)"
        ),
        (
            "\(mozilla) (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "Internet Explorer (Windows)"
        ),
        ("\(mozilla) (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox (Linux)"),
        ("\(mozilla) (X11; Linux x86_64) \(webKit) Chrome/126.0.0.0 Safari/537.36", "Chrome (Linux)"),
        (
            "\(mozilla) (X11; CrOS x86_64 14541.0.0) \(webKit) Chrome/126.0.0.0 Safari/537.36",
            "Chrome (ChromeOS)"
        ),
        (
            "\(mozilla) (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "Safari (Mac)"
        ),
        ("\(mozilla) \(iOS) Version/17.5 Mobile/15E148 Safari/604.1", "Safari (iPhone)"),
        ("\(mozilla) \(iOS) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "Chrome (iPhone)"),
        ("\(mozilla) \(iOS) FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox (iPhone)"),
        ("\(mozilla) \(iOS) EdgiOS/125.0 Version/17.0 Mobile/15E148 Safari/604.1", "Edge (iPhone)"),
        ("\(mozilla) \(iOS) Mobile/15E148 Instagram 335.0.8.26.85", "Instagram (iPhone)"),
        ("\(mozilla) \(iOS) Mobile/15E148 [FBAN/FBIOS;FBAV/466.0.0.35.111]", "Facebook (iPhone)"),
        ("\(mozilla) \(android) \(webKit) Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome (Android)"),
        (
            "\(mozilla) \(android) \(webKit) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
            "Samsung Internet (Android)"
        ),
        ("\(mozilla) (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox (Android)"),
        (
            "\(mozilla) (Linux; Android 14; Pixel 8; wv) \(webKit) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36",
            "an Android app (Android)"
        ),
        ("\(mozilla) (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("curl/8.5.0", "curl"), ("Front desk", "Front desk"),
        ("Firefox, Location: home", "Firefox, Location: home"),
    ]

    @Test(arguments: agents) func `browser and system are named`(agent: String, shown: String) {
        let lines = PromptLines(portal: "Acme", message: "Sign in", address: "203.0.113.7", userAgent: agent)
            .lines
        #expect(lines == ["Acme", "Sign in", "Location: 203.0.113.7", "Device: \(shown)"])
    }

    @Test func `an empty name of a browser is none`() {
        #expect(PromptLines(portal: "Acme", message: "Sign in", userAgent: "").lines == ["Acme", "Sign in"])
    }

    /// Forged words go with the rest of a user agent that is known.
    @Test func `what stands beside a known browser is not shown`() {
        let forged = "\(Self.mozilla) \(Self.windows) Firefox/127.0, your home, trusted"
        #expect(
            PromptLines(portal: "A", message: "B", userAgent: forged).lines.last
                == "Device: Firefox (Windows)")
    }

    @Test(
        arguments: [
            (nil, "Location: unknown"), ("en-gb", "Location: unknown"), ("NL", "Locatie: onbekend"),
            ("nl_BE", "Locatie: onbekend"), ("de-ch-1996", "Ort: unbekannt"),
            ("fr-x-private", "Lieu: inconnu"),
            ("sv", "Location: unknown"), ("", "Location: unknown"), ("-", "Location: unknown"),
            ("nlx", "Location: unknown"),
        ] as [(String?, String)])
    func `labels are in the language that fits`(tag: String?, line: String) {
        let lines = PromptLines(portal: "A", message: "B", userAgent: "x", language: tag).lines
        #expect(lines[2] == line)
    }

    @Test(arguments: [
        ("de", "Dieser Browser ist neu für Sie", "Zuletzt mit diesem Browser angemeldet: 2026-11-28"),
        ("fr", "Ce navigateur est nouveau pour vous", "Dernière connexion avec ce navigateur : 2026-11-28"),
        ("nl-be", "Deze browser is nieuw voor u", "Voor het laatst met deze browser ingelogd: 2026-11-28"),
        (
            "es", "Este navegador es nuevo para usted",
            "Último inicio de sesión con este navegador: 2026-11-28"
        ),
        ("it", "Questo browser è nuovo per lei", "Ultimo accesso con questo browser: 2026-11-28"),
        ("sv", "This browser is new to you", "You last signed in with this browser on 2026-11-28"),
    ])
    func `a browser is new, or was used`(tag: String, new: String, used: String) {
        func line(_ browser: PromptLines.Browser) -> String {
            PromptLines(
                portal: "A", message: "B", number: "07", browser: browser, address: "::1", language: tag
            )
            .lines[3]
        }
        #expect(line(.new) == new && line(.lastUsed("2026-11-28")) == used)
    }

    @Test(arguments: ["de", "fr", "nl", "es", "it", "en"])
    func `networks are compared in words that differ`(tag: String) {
        let lines = [PromptLines.Match.same, .other, .unknown].map {
            PromptLines(portal: "A", message: "B", network: $0, address: "::1", language: tag).lines[2]
        }
        #expect(Set(lines).count == 3)
        #expect(tag != "en" || lines[1] == "The browser is in another network than this device")
    }

    @Test(arguments: [
        (
            "[browser] on [operatingSystem] in [city], [region], [countryCode]",
            "Firefox on Linux in Delft, ZH, NL"
        ),
        ("From [city], [countryCode] ([operatingSystem] [browser]).", "From Delft, NL (Linux Firefox)."),
        // By scalars, as the database looks at it.
        ("[browser]\u{301}", "Firefox\u{301}"),
    ])
    func `an operator's line has what is known`(template: String, text: String) {
        let all: [VisitorLine.Name: String] = [
            .browser: "Firefox", .operatingSystem: "Linux", .city: "Delft", .region: "ZH", .countryCode: "NL",
        ]
        #expect(VisitorLine(template).text(all) == text)
        #expect(VisitorLine(template).text([:]) == nil)
    }

    @Test func `what is unknown is dropped with what stands before it`() {
        let line = VisitorLine("[browser] on [operatingSystem] in [city], [region], [countryCode]")
        #expect(line.text([.browser: "Firefox", .countryCode: "NL"]) == "Firefox, NL")
        #expect(line.text([.operatingSystem: "Linux", .city: "Delft"]) == "Linux in Delft")
        #expect(line.text([.countryCode: "NL"]) == "NL")
        let other = VisitorLine("From [city], [countryCode] ([operatingSystem] [browser]).")
        #expect(other.text([.countryCode: "NL"]) == "From NL.")
        #expect(other.text([.city: "Delft", .browser: "Firefox"]) == "From Delft (Firefox).")
        #expect(other.text([.browser: "Firefox"]) == "From (Firefox).")
    }

    @Test func `an operator's line stands in the place of both, unless nothing of it is known`() {
        var lines = PromptLines(
            portal: "A", message: "B", address: "203.0.113.7",
            userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
        lines.visitorLine = "[browser], [city]"
        #expect(lines.lines == ["A", "B", "Firefox"])
        lines.userAgent = "terminal 7"
        #expect(lines.lines == ["A", "B", "Location: 203.0.113.7", "Device: terminal 7"])
    }

    @Test func `what is not known has no line`() {
        #expect(PromptLines(portal: "A", message: "B").lines == ["A", "B"])
        #expect(
            PromptLines(portal: "A", message: "B", number: "07", language: "de").lines[2]
                == "Bestätigungsnummer: 07")
    }
}
