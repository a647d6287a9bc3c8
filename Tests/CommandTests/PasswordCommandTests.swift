import Foundation
import Postgres
import Support
import Testing

/// Passwords that were lost are made anew.
@Suite(.database) struct PasswordCommandTests {
    private func admin() async throws -> Shell { try await Shell.member(of: .admin, key: .make()) }

    @Test(arguments: ["portal", "app"])
    func `a login's new password works, and the old one does not`(kind: String) async throws {
        let (shell, login) = (try await admin(), Database.current.unique(kind))
        let first = try await shell.succeed(kind, "add", "mine", "--role", login).value(of: "password")
        let renewed = try await shell.succeed(kind, "password", "mine")
        #expect(renewed.output.hasPrefix("\(kind) mine has a new password\n"))
        #expect(renewed.value(of: "login") == login)
        let second = try #require(renewed.value(of: "password"))
        #expect(second.wholeMatch(of: /[A-Za-z0-9_-]{32}/) != nil && second != first)
        _ = try await Database.current.connect(as: TestLogin(name: login, password: second))
        await #expect(throws: PostgresError.self) {
            _ = try await Database.current.connect(as: TestLogin(name: login, password: try #require(first)))
        }
        let third = try await shell.succeed(kind, "password", "mine", "--json").json(
            as: [String: String].self)
        #expect(third["login"] == login && third["password"] != second)
        #expect(
            try await eventTypes() == ["\(kind).added"]
                + Array(repeating: "\(kind).password_changed", count: 2))
        try await shell.run(kind, "password", "other").expect(65, "there is no \(kind) other; there is mine")
    }

    /// From PostgreSQL 16 on the owner alters what it has made.
    @Test(arguments: ["portal", "app"])
    func `a login that a superuser has made is his from PostgreSQL 16 on`(kind: String) async throws {
        let (shell, login) = (try await admin(), Database.current.unique(kind))
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("CREATE ROLE \(login) LOGIN")
        try await shell.succeed(kind, "add", "mine", "--role", login)
        let renewed = try await shell.run(kind, "password", "mine")
        guard superuser.serverVersion >= 160_000 else {
            #expect(renewed.status == 0 && renewed.value(of: "password") != nil)
            return
        }
        renewed.expect(
            65,
            "login \(login) was made by somebody else than the owner of this database: a superuser changes its password"
        )
    }

    @Test func `an operator's new password ends the sessions and takes the second factor`() async throws {
        let shell = try await admin()
        try await shell.succeed("operator", "add", "alice")
        try await Database.current.arrange(
            """
            UPDATE countersign.operators SET second_factor = '\\x00';
            INSERT INTO countersign.operator_sessions VALUES ('\\x01', 'alice', clock_timestamp() + interval '1 h')
            """)
        let renewed = try await shell.succeed("operator", "password", "alice")
        #expect(renewed.value(of: "password")?.utf8.count == 32)
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.operator_sessions") == 0)
        #expect(
            try await Database.current.count(
                "SELECT count(*) FROM countersign.operators WHERE second_factor IS NULL") == 1)
        try await shell.run("operator", "password", "bob").expect(65, "there is no operator bob")
    }

    @Test func `only logins of portals and apps, and only for administrators`() async throws {
        let (shell, login) = (try await admin(), Database.current.unique("acme"))
        try await shell.succeed("portal", "add", "acme", "--role", login)
        var superuser = try await Database.current.connectAsSuperuser()
        let admin = try await Database.current.makeLogin("chief", in: .admin)
        var session = try await Database.current.connect(as: admin)
        for name in [admin.name, "postgres", Database.current.unique("nobody")] {
            let refused = try await session.refusal(
                of: "SELECT countersign.set_login_password('\(name)', 'SCRAM-SHA-256$x')")
            #expect(refused?.state == "CS003" && refused?.message.contains("no portal and no app") == true)
        }
        // One that has become more than a portal's, or has gone.
        try await superuser.execute("ALTER ROLE \"\(login)\" CREATEROLE")
        let grown = try await shell.run("portal", "password", "acme")
        #expect(grown.status == 65 && grown.errors.contains("is not a plain login"))
        try await superuser.execute("DROP ROLE \"\(login)\"")
        let gone = try await shell.run("portal", "password", "acme")
        gone.expect(65, "the server has no login \(login), which `countersign doctor` tells how to make")
        let monitor = try await Shell.member(of: .monitor).run("portal", "password", "acme")
        #expect(monitor.status == 77)
    }
}
