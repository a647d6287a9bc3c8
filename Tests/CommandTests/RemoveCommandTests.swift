import Countersign
import Foundation
import Postgres
import Support
import Testing

/// What can be added can be removed, with what hangs on it, or is refused with a reason.
@Suite struct RemoveCommandTests {
    private func refusal(_ shell: Shell, _ words: String...) async throws -> String {
        let outcome = try await shell.start(words).outcome()
        #expect(outcome.status == 65 && outcome.output == "", "\(words)")
        return outcome.errors
    }

    @Test(.database) func `a portal goes with what is its own`() async throws {
        let key = MasterKeyText.make()
        let shell = try await Shell.member(of: .admin, key: key)
        let login = Database.current.unique("acme")
        let added = try await shell.succeed("portal", "add", "acme", "--role", login)
        try await shell.succeed("callback", "add", "acme", Site.callback)
        try await shell.succeed("portal", "credentials", "add", "acme")
        try await shell.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        let enabled = try await refusal(shell, "portal", "remove", "acme", "--yes")
        #expect(
            enabled.contains("portal acme is enabled")
                && enabled.contains("`countersign portal disable acme`"))
        let portal = TestLogin(name: login, password: try #require(added.value(of: "password")))
        var visitor = try await Database.current.connect(as: portal)
        let transaction = try await visitor.request()
        try await shell.succeed("portal", "disable", "acme")
        let open = try await refusal(shell, "portal", "remove", "acme", "--yes")
        #expect(open.contains("portal acme has an open request"))
        try await Database.current.arrange(
            "SELECT countersign.end_requests(ARRAY['\(transaction)'::uuid], ARRAY['cancelled'])")
        let unasked = try await shell.run("portal", "remove", "acme")
        unasked.expect(
            64,
            "portal acme goes with 1 callback address, 1 client id, 1 webhook that waits: give --yes, where nobody can be asked"
        )
        #expect(try await shell.succeed("portal", "list").output.contains("acme"))
        let removed = try await shell.succeed("portal", "remove", "acme", "--yes")
        #expect(
            removed.output.hasPrefix(
                "removed portal acme\ngave up 1 webhook that waited\nits login \(login) stays in its group, which another "
            ))
        #expect(try await shell.succeed("portal", "list").output == "There are no portals yet.\n")
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.dispatch_queue") == 0)
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.dead_deliveries") == 0)
        #expect(try await eventTypes().contains("portal.removed"))
        try await shell.succeed("request", "show", "\(transaction)")
        // What was given up can still be looked up, and is sent to nobody.
        #expect(try await shell.succeed("webhook", "show", "\(transaction)").output.contains("dead"))
        try await shell.run("webhook", "retry", "\(transaction)").expect(
            65,
            "the portal of delivery \(transaction) was removed: there is nobody to send it to any more")
        try await shell.run("portal", "remove", "acme", "--yes").expect(
            65, "there is no portal acme, and none at all yet: see `countersign portal add --help`")
    }

    @Test(.database) func `an app goes unless a device ever was its own`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await shell.succeed("app", "add", "mobile", "--role", Database.current.unique("mobile"))
        let enabled = try await refusal(shell, "app", "remove", "mobile", "--yes")
        #expect(enabled.contains("app mobile is enabled"))
        try await shell.succeed("app", "disable", "mobile")
        for (status, number) in [("rejected", 1), ("revoked", 2)] {
            try await Database.current.arrange(
                """
                INSERT INTO countersign.enrollments (app_id, status, user_id, device_id)
                SELECT app_id, '\(status)', 'u', 'd\(number)' FROM countersign.apps
                """)
        }
        let kept = try await refusal(shell, "app", "remove", "mobile", "--yes")
        #expect(
            kept.contains(
                "app mobile has an enrollment, whose keys prove what was answered: it stays, disabled"))
        try await Database.current.arrange("DELETE FROM countersign.enrollments WHERE status = 'revoked'")
        let unasked = try await shell.run("app", "remove", "mobile")
        unasked.expect(
            64, "app mobile goes with 1 rejected enrollment: give --yes, where nobody can be asked")
        let removed = try await shell.with("COUNTERSIGN_YES", "true").succeed("app", "remove", "mobile")
        #expect(removed.output.hasPrefix("removed app mobile\n"))
        #expect(try await shell.succeed("app", "list").output == "There are no apps yet.\n")
        #expect(try await eventTypes() == ["app.added", "app.disabled", "app.removed"])
    }

    @Test(.emptyDatabase) func `a login of an installation with its own groups loses its group`() async throws
    {
        let (database, name) = (Database.current, Database.current.installationName)
        try await Shell.owner().with("COUNTERSIGN_SHARE_GROUPS", nil)
            .succeed("migrate", "up", "--installation", name)
        let prefix = "countersign_\(name)_"
        let login = try await database.makeLogin("admin", in: .admin, of: prefix)
        let admin = Shell(url: database.url(login: login), key: .make())
        let acme = database.unique("acme")
        try await admin.succeed("portal", "add", "acme", "--role", acme)
        try await admin.succeed("portal", "disable", "acme")
        let removed = try await admin.succeed("portal", "remove", "acme", "--yes")
        #expect(
            removed.output
                == "removed portal acme\nits login \(acme) is in no group any more; DROP ROLE removes it\n")
        var superuser = try await database.connectAsSuperuser()
        let groups = try await superuser.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member = '\(acme)'::regrole")[0].int(0)
        #expect(groups == 0)
        // Another of that name, with the login that has stayed.
        try await admin.succeed("portal", "add", "acme", "--role", acme)
    }

    /// A terminal, which `script` of util-linux makes.
    @Test(.database) func `a person is asked`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await shell.succeed("app", "add", "mobile", "--role", Database.current.unique("mobile"))
        try await shell.succeed("app", "disable", "mobile")
        for (answer, isRemoved) in [("n", false), ("y", true)] {
            let command = "\(RunningProgram.executable.path) app remove mobile"
            let line = ["/bin/sh", "-c", "echo \(answer) | script -qec '\(command)' /dev/null"]
            let outcome = try await shell.start(line, isProgram: false).outcome()
            #expect(outcome.output.contains("app mobile goes with 0 rejected enrollments. Go on? [y/N]"))
            #expect(outcome.output.contains(isRemoved ? "removed app mobile" : "nothing was changed"))
            #expect(
                try await Database.current.count("SELECT count(*) FROM countersign.apps")
                    == (isRemoved ? 0 : 1))
        }
    }
}
