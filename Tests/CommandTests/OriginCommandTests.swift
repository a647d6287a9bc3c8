import Postgres
import Support
import Testing

@Suite(.database) struct OriginCommandTests {
    @Test func `adding, listing and removing`() async throws {
        let shell = try await Shell.member(of: .admin, key: MasterKeyText.make())
        for name in ["acme", "beta"] {
            try await shell.succeed("portal", "add", name, "--role", Database.current.unique(name))
        }
        #expect(try await shell.succeed("origin", "list").output == "There are no origins yet.\n")
        let added = try await shell.succeed("origin", "add", "acme", "https://acme.example")
        #expect(added.output == "pages of https://acme.example may show sign-ins of portal acme\n")
        try await shell.succeed("origin", "add", "beta", "http://127.0.0.1:3000")
        try await shell.run("origin", "add", "acme", "https://acme.example/").expect(
            65,
            "an origin must be a scheme, a host and at most a port, in lower case, as https://acme.example or "
                + "http://127.0.0.1:3000: no path, and no port that is the scheme's own")
        try await shell.run("origin", "add", "acme", "https://acme.example").expect(
            65, "the portal has that origin already")
        let all = try await shell.succeed("origin", "list", "--json").json(as: [[String: String]].self)
        #expect(all.map { $0["origin"] } == ["https://acme.example", "http://127.0.0.1:3000"])
        try await shell.succeed("origin", "remove", "acme", "https://acme.example")
        try await shell.run("origin", "remove", "acme", "https://acme.example").expect(
            65,
            "portal acme has no such origin, which must be given exactly: "
                + "`countersign origin list acme` shows those it has")
        let left = try await shell.succeed("origin", "list", "acme").output
        #expect(left == "There are no origins yet.\n")
    }
}
