import Countersign
import Postgres
import Support
import Testing

@Suite(.database) struct CallbackCommandTests {
    private let key = MasterKeyText.make()

    private func admin(portals: String...) async throws -> Shell {
        let shell = try await Shell.member(of: .admin, key: key)
        for name in portals {
            try await shell.succeed("portal", "add", name, "--role", Database.current.unique(name))
        }
        return shell
    }

    @Test(arguments: [
        (
            "https://acme.example:9000/cb",
            "port 9000 is not allowed; the workers' option --allow-ports opens it"
        ),
        ("http://acme.example:443/cb", "only https is allowed; the workers' option --allow-http opens it"),
        (
            "https://10.1.2.3/cb",
            "10.1.2.3 is in a forbidden range, 10.0.0.0/8 (private); the workers' option --allow-address opens it"
        ),
        ("https://acme.example:8443/cb", nil), ("https://192.0.0.9.example/cb", nil),
    ])
    func `who adds an address that workers refuse is warned`(url: String, reason: String?) async throws {
        let shell = try await admin(portals: "acme")
        let added = try await shell.succeed("callback", "add", "acme", url)
        let words = "warning: without options workers refuse this address: "
        let warning = reason.map { words + $0 + "\n" } ?? ""
        #expect(added.output == "added a callback address to portal acme\n" + warning)
    }

    @Test func `adding, listing and removing`() async throws {
        let shell = try await admin(portals: "acme", "beta")
        #expect(
            try await shell.succeed("callback", "list").output == "There are no callback addresses yet.\n")
        try await shell.succeed("callback", "add", "acme", "https://acme.example/cb?a=1")
        try await shell.succeed("callback", "add", "beta", "http://[::1]:8080/")
        let all = try await shell.succeed("callback", "list", "--json").json(as: [[String: Any]].self)
        #expect(all.map { $0["url"] as? String } == ["https://acme.example/cb?a=1", "http://[::1]:8080/"])
        let own = try await shell.succeed("callback", "list", "beta").output
        #expect(own.contains("http://[::1]:8080/") && !own.contains("acme"))
        try await shell.run("callback", "remove", "acme", "https://acme.example/cb").expect(
            65,
            "portal acme has no such callback address, which must be given exactly: "
                + "`countersign callback list acme` shows those it has")
        try await shell.succeed("callback", "remove", "acme", "https://acme.example/cb?a=1")
        let left = try await shell.succeed("callback", "list", "--json").json(as: [[String: Any]].self)
        #expect(left.map { $0["portal"] as? String } == ["beta"])
        #expect(try await eventTypes().suffix(3) == ["callback.added", "callback.added", "callback.removed"])
    }

    @Test func `a password comes from standard input and is stored sealed`() async throws {
        let shell = try await admin(portals: "acme")
        let outcome = try await shell.succeed(
            "callback", "add", "acme", "https://acme.example/cb", "--username", "user", "--password-stdin",
            input: "p ässword:1\n")
        #expect(!outcome.text.contains("ässword"))
        var owner = try await Database.current.connect()
        let row = try await owner.run(sealedPassword)[0]
        let opened = try key.sealer().open(
            try row.bytes(1), at: SealedColumn.callbackPassword.place(try row.int(0)))
        #expect(opened == Array("p ässword:1".utf8))
        #expect(try await shell.succeed("callback", "list").output.contains("user"))
        let events = try await owner.execute("SELECT string_agg(details::text, '') FROM countersign.events")
        #expect(try !events[0].text(0).contains("ässword"))
    }

    @Test func `user name and password belong together`() async throws {
        let shell = try await admin(portals: "acme")
        let url = "https://acme.example/cb"
        let together = "--username and --password-stdin belong together: give both or neither"
        try await shell.run("callback", "add", "acme", url, "--username", "user").expect(64, together)
        try await shell.run("callback", "add", "acme", url, "--password-stdin", input: "x\n").expect(
            64, together)
        try await shell.run("callback", "add", "acme", url, "--username", "user", "--password-stdin")
            .expect(65, "there is no password on standard input")
        try await shell.run(
            "callback", "add", "acme", url, "--username", "a:b", "--password-stdin", input: "x\n"
        ).expect(
            65,
            "a user name for Basic authentication must not be empty nor hold a colon or a control character")
        for (username, password, sentence) in [
            ("u", "x\ny\n", "there is more than one line on standard input: the password is one line"),
            (
                String(repeating: "u", count: 256), "x\n",
                "a user name for Basic authentication has at most 255 bytes, not 256"
            ),
            (
                "u", String(repeating: "x", count: 1_025) + "\n",
                "a password for Basic authentication has at most 1024 bytes, not 1025"
            ),
        ] {
            try await shell.run(
                "callback", "add", "acme", url, "--username", username, "--password-stdin", input: password
            ).expect(65, sentence)
        }
        try await shell.with("COUNTERSIGN_MASTER_KEY", nil).run(
            "callback", "add", "acme", url, "--username", "user", "--password-stdin", input: "x\n"
        ).expect(
            78,
            "COUNTERSIGN_MASTER_KEY is not set: it holds the key that seals secrets. Give the one of this "
                + "installation; only a new installation makes one, with `countersign key generate`")
        #expect(try await shell.succeed("callback", "list", "--json").output == "[]\n")
    }

    @Test(arguments: [
        "ftp://acme.example/cb", "https://user@acme.example/", "https://acme.example/#part", "https:///cb",
        "https://acme.example/a b", "https://ac\u{E9}me.example/", "acme.example",
        "https://acme.example/" + String(repeating: "x", count: 2_048), "https://acme.example:0/",
        "https://acme.example:99999/", "https://127.1/", "https://a..b/",
    ])
    func `addresses that a request could not name`(url: String) async throws {
        let shell = try await admin(portals: "acme")
        try await shell.run("callback", "add", "acme", url).expect(
            65,
            "the callback address must be an http or https address of at most 2,048 printable ASCII characters: a DNS "
                + "name of letters, digits, hyphens and underscores without a trailing dot, or an IP address in its "
                + "plain spelling; a port from 1 to 65535; path and query; no user name, password or fragment"
        )
    }

    @Test func `twice, and for nobody`() async throws {
        let shell = try await admin(portals: "acme")
        try await shell.succeed("callback", "add", "acme", "https://acme.example/cb")
        try await shell.run("callback", "add", "acme", "https://acme.example/cb")
            .expect(65, "the portal has that callback address already: remove it first to change it")
        for arguments in [
            ["add", "acm", "https://a.example/"], ["list", "acm"], ["remove", "acm", "https://a/"],
        ] {
            try await shell.start(["callback"] + arguments).outcome()
                .expect(65, "there is no portal acm; there is acme")
        }
    }
}

private let sealedPassword = Statement(
    "sealed", "SELECT callback_id, password FROM countersign.callback_urls")
