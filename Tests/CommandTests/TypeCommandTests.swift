import Support
import Testing

@Suite(.database) struct TypeCommandTests {
    @Test func `a line on the visitor is of what there is, and of a language that has a message`()
        async throws
    {
        let shell = try await Shell.member(of: .admin)
        let line = "[browser] ([city])"
        try await shell.succeed(
            "type", "add", "plain", "--message", "en=Sign in", "--visitor-line", "en=\(line)")
        func lines() async throws -> [String: String]? {
            try await shell.succeed("type", "list", "--json").json(as: [[String: Any]].self)[0][
                "visitor_lines"]
                as? [String: String]
        }
        #expect(try await lines() == ["en": line])
        #expect(try await shell.succeed("config", "export").output.contains("visitor-lines:"))
        let set = ["type", "set", "plain", "--visitor-line"]
        for wrong in [
            "en=[address]", "en=no placeholder", "en=[city] [", "en=([city]", "en=[city]) (", "en=(([city]))",
        ] {
            let outcome = try await shell.start(set + [wrong]).outcome()
            #expect(
                outcome.status == 65 && outcome.errors.contains("a line on the visitor has [operatingSystem]")
            )
        }
        try await shell.start(set + ["en=[city]\u{202E}"]).outcome()
            .expect(
                65,
                "visitor_line holds a character that cannot be seen or moves others (a control, formatting, filler, tag or private character); printable text is allowed"
            )
        try await shell.start(set + ["nl=[city]"]).outcome().expect(
            65, "type plain has no message in nl: add one first")
        try await shell.succeed(
            "type", "set", "plain", "--message", "nl=Aanmelden", "--visitor-line", "nl=[city]")
        try await shell.succeed("type", "set", "plain", "--visitor-line", "en=")
        #expect(try await lines() == ["nl": "[city]"])
    }

    @Test func `adding, listing and removing`() async throws {
        let shell = try await Shell.member(of: .admin)
        #expect(try await shell.succeed("type", "list").output == "There are no authentication types yet.\n")
        try await shell.succeed(
            "type", "add", "qr-code", "--expires-in", "90", "--message", "nl-be=Meld je aan", "--message",
            "en=a=b \"c\"")
        try await shell.succeed("type", "add", "plain")
        let types = try await shell.succeed("type", "list", "--json").json(as: [[String: Any]].self)
        #expect(types.map { $0["name"] as? String } == ["plain", "qr-code"])
        #expect(types.map { $0["request_expires_in"] as? Int } == [180, 90])
        #expect(types[1]["messages"] as? [String: String] == ["en": "a=b \"c\"", "nl-be": "Meld je aan"])
        let table = try await shell.succeed("type", "list").output
        #expect(table.contains("1 min 30 s") && table.contains("3 min"))
        #expect(
            try await shell.succeed("type", "remove", "plain").output == "removed authentication type plain\n"
        )
        try await shell.run("type", "remove", "plain")
            .expect(65, "there is no authentication type plain; there is qr-code")
        #expect(try await eventTypes() == ["type.added", "type.added", "type.removed"])
    }

    @Test func `changing a type`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await shell.succeed("type", "add", "qr-code", "--message", "en=Sign in", "--message", "de=Los")
        let set = ["type", "set", "qr-code"]
        let changes = [
            "--expires-in", "60", "--message", "en=Enter", "--message", "de=", "--message", "fr=Va",
        ]
        for sentence in ["as wanted", "as wanted already"] {
            let outcome = try await shell.start(set + changes).outcome()
            #expect(outcome.output == "authentication type qr-code is \(sentence)\n")
        }
        let types = try await shell.succeed("type", "list", "--json").json(as: [[String: Any]].self)
        #expect(types.map { $0["request_expires_in"] as? Int } == [60])
        #expect(types[0]["messages"] as? [String: String] == ["en": "Enter", "fr": "Va"])
        let changed = ["type.changed", "type.message_added", "type.message_changed", "type.message_removed"]
        #expect(try await eventTypes().sorted() == ["type.added"] + changed)
        for (words, sentence) in [
            (["--expires-in", "601"], "a request must expire in 30 to 600 seconds"),
            (["--message", "EN=hello"], wrongLanguage),
            (["--message", "en=" + String(repeating: "x", count: 156)], nil),
        ] {
            let outcome = try await shell.start(set + words).outcome()
            if let sentence { outcome.expect(65, sentence) }
            #expect(outcome.status == 65)
        }
        try await shell.run("type", "set", "qr-code").expect(
            64, "there is nothing to change: name an option, such as --expires-in")
        try await shell.run("type", "set", "other", "--expires-in", "60").expect(
            65, "there is no authentication type other; there is qr-code")
    }

    @Test(arguments: wrongInput)
    func `wrong input adds nothing`(arguments: [String], sentence: String?) async throws {
        let shell = try await Shell.member(of: .admin)
        let outcome = try await shell.start(["type", "add"] + arguments).outcome()
        if let sentence {
            outcome.expect(65, sentence)
        } else {
            #expect(outcome.status == 64)
        }
        #expect(try await shell.succeed("type", "list", "--json").output == "[]\n")
        #expect(try await eventTypes().isEmpty)
    }
}

/// With what is said to it; nil is left to the parser of arguments.
private let wrongInput: [([String], String?)] = [
    (["-qr"], nil),
    (["qr", "--expires-in", "soon"], nil),
    (["qr", "--message", "hello"], nil),
    (["q r"], wrongName),
    (["qr", "--expires-in", "29"], "a request must expire in 30 to 600 seconds"),
    (["qr", "--expires-in", "601"], "a request must expire in 30 to 600 seconds"),
    (["qr", "--expires-in", "99999999999"], "a request must expire in 30 to 600 seconds"),
    (["qr", "--message", "EN=hello"], wrongLanguage),
    (["qr", "--message", "en="], "a message must have 1 to 155 characters"),
    (["qr", "--message", "en= "], "a message must have a character that can be seen"),
    (["qr", "--message", "en=a", "--message", "en=b"], "two messages have the same language"),
    (["qr", "--message", "en=a\u{202E}b"], wrongCharacter),
]

private let wrongName =
    "an authentication type's name must be 1 to 63 of A-Z, a-z, 0-9, ., _ and -, and begin with a letter or a digit"
private let wrongLanguage = "a message's language must be a lower-case language tag such as en or nl-be"
private let wrongCharacter =
    "message holds a character that cannot be seen or moves others (a control, formatting, filler, tag or private "
    + "character); printable text is allowed"
