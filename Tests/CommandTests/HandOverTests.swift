import Foundation
import Postgres
import Support
import Testing

/// What is shown once is handed over, or has not happened.
@Suite(.database) struct HandOverTests {
    private let key = MasterKeyText.make()

    /// Each command that prints a secret, with what makes its subject.
    private static let lines = [
        "portal add acme --role NEW", "app add mobile --role OTHER", "operator add alice",
        "portal password globex",
        "app password tablet", "operator password bob", "portal rotate-secret globex",
        "portal rotate-secret globex --overlap 0s --json", "portal signing-key add globex",
        "portal credentials add globex", "portal credentials rotate globex web",
    ]

    private func arrange() async throws -> Shell {
        let shell = try await Shell.member(of: .admin, key: key)
        try await shell.succeed("portal", "add", "globex", "--role", Database.current.unique("globex"))
        try await shell.succeed("portal", "credentials", "add", "globex", "--client-id", "web")
        try await shell.succeed("app", "add", "tablet", "--role", Database.current.unique("tablet"))
        try await shell.succeed("operator", "add", "bob")
        return shell
    }

    private func words(_ line: String) -> [String] {
        line.split(separator: " ").map { word in
            ["NEW", "OTHER"].contains(word) ? Database.current.unique(word.lowercased()) : String(word)
        }
    }

    /// All that such a command could have changed.
    private func state() async throws -> String {
        var superuser = try await Database.current.connectAsSuperuser()
        let logins = ["new", "other", "globex", "tablet"].map { "'\(Database.current.unique($0))'" }.joined(
            separator: ", ")
        return try await superuser.execute(
            """
            SELECT concat(
                (SELECT string_agg(p::text, ';') FROM countersign.portals p),
                (SELECT string_agg(a::text, ';') FROM countersign.apps a),
                (SELECT string_agg(o::text, ';') FROM countersign.operators o),
                (SELECT string_agg(c::text, ';') FROM countersign.portal_credentials c),
                (SELECT string_agg(e::text, ';') FROM countersign.events e),
                (SELECT string_agg(r.rolname || r.rolpassword, ';' ORDER BY r.rolname) FROM pg_authid r
                 WHERE r.rolname IN (\(logins))))
            """)[0].text(0)
    }

    @Test func `nothing has happened where the output is full`() async throws {
        let shell = try await arrange()
        let before = try await state()
        for line in Self.lines {
            let outcome = try await shell.start(words(line), output: "/dev/full").outcome()
            #expect(outcome.status == 74, "\(line)")
            #expect(
                outcome.errors == "countersign: cannot write to standard output, so nothing was changed\n",
                "\(line): \(outcome.errors)")
            #expect(try await state() == before, "\(line)")
        }
        // Nor has it where nobody reads, or where the stream is closed and something else could have its number.
        for way in ["4<>pipe 5>pipe 4<&- >&5", ">&-"] {
            for line in Self.lines {
                let script = """
                    cd "$HOME"; rm -f pipe; mkfifo pipe; exec \(way)
                    "\(RunningProgram.executable.path)" \(words(line).joined(separator: " "))
                    """
                let outcome = try await shell.start(["/bin/bash", "-c", script], isProgram: false).outcome()
                #expect(outcome.status != 0, "\(line) \(way)")
                #expect(try await state() == before, "\(line) \(way)")
            }
        }
        // And each does it otherwise.
        for line in Self.lines where !line.contains("--overlap") {
            let before = try await state()
            #expect(try await shell.start(words(line)).outcome().status == 0, "\(line)")
            #expect(try await state() != before, "\(line)")
        }
    }

    @Test func `what could not be committed is void, and that is said`() async throws {
        let shell = try await arrange()
        try await Database.current.arrange(
            """
            CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN RAISE EXCEPTION 'not now'; END$$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON countersign.operators DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION public.refuse()
            """)
        let before = try await state()
        let outcome = try await shell.run("operator", "add", "alice")
        #expect(outcome.status == 75 && outcome.value(of: "password") != nil)
        #expect(
            outcome.errors == "countersign: not now: nothing was changed, and so void is what was printed\n")
        #expect(try await state() == before)
    }
}
