import Postgres
import Support
import Testing

@Suite(.database) struct AppCommandTests {
    @Test func `adding prints the password once, and it works`() async throws {
        let database = Database.current
        let login = database.unique("mobile")
        let shell = try await Shell.member(of: .admin)
        let outcome = try await shell.succeed("app", "add", "mobile", "--role", login)
        let password = try #require(outcome.value(of: "password"))
        #expect(outcome.text.ranges(of: password).count == 1)
        var app = try await database.connect(as: TestLogin(name: login, password: password))
        #expect(try await app.execute("SELECT countersign.app_channel()")[0].optionalText(0) != nil)
    }

    @Test func `the role is the name unless it is given, and --json says the rest`() async throws {
        let name = Database.current.unique("mobile").replacing("_", with: "-")
        var superuser = try await Database.current.connectAsSuperuser()
        let shell = try await Shell.member(of: .admin)
        let added = try await shell.succeed("app", "add", name, "--no-password", "--json").json(
            as: [String: Any].self)
        try await superuser.execute("DROP ROLE \"\(name)\"")
        #expect(added["login"] as? String == name)
        #expect(added["login_created"] as? Bool == true)
        #expect(added["password"] is String == false)
    }

    @Test func `listing, disabling and enabling`() async throws {
        let shell = try await Shell.member(of: .admin)
        #expect(try await shell.succeed("app", "list").output == "There are no apps yet.\n")
        try await shell.succeed("app", "add", "mobile", "--role", Database.current.unique("mobile"))
        #expect(try await shell.succeed("app", "disable", "mobile").output == "app mobile is disabled\n")
        let apps = try await shell.succeed("app", "list", "--json").json(as: [[String: Any]].self)
        #expect(apps.map { $0["enabled"] as? Bool } == [false])
        #expect(try await shell.succeed("app", "enable", "mobile").output == "app mobile is enabled\n")
        #expect(try await shell.succeed("app", "list").output.contains("yes"))
        #expect(try await eventTypes() == ["app.added", "app.disabled", "app.enabled"])
    }

    @Test func `limits`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await shell.succeed("app", "add", "mobile", "--role", Database.current.unique("mobile"))
        let limit = ["app", "limit", "mobile", "--devices-per-user", "3", "--enrollments-per-hour", "7"]
        #expect(
            try await shell.start(limit).outcome().output == "app mobile has the limits that are wanted\n")
        #expect(
            try await shell.start(limit).outcome().output
                == "app mobile has the limits that are wanted already\n")
        let apps = try await shell.succeed("app", "list", "--json").json(as: [[String: Any]].self)
        #expect(apps[0]["devices_per_user"] as? Int == 3 && apps[0]["enrollments_per_hour"] as? Int == 7)
        #expect(apps[0]["waiting"] as? Int == 10_000 && apps[0]["waiting_per_device"] as? Int == 100)
        #expect(try await eventTypes() == ["app.added", "app.changed"])
        let exported = try await shell.succeed("config", "export").output
        #expect(exported.contains("enrollments-per-hour: 7") && exported.contains("devices-per-user: 3"))

        try await shell.run("app", "limit", "mobile", "--enrollments-per-hour", "0")
            .expect(65, "a device may be enrolled 1 to 100000 times within an hour")
        try await shell.run("app", "limit", "mobile")
            .expect(64, "there is nothing to change: name an option, such as --devices-per-user")
        try await shell.run("app", "limit", "mobil", "--waiting", "5").expect(
            65, "there is no app mobil; there is mobile")
    }

    @Test func `wrong names`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await shell.run("app", "disable", "mobile")
            .expect(65, "there is no app mobile, and none at all yet: see `countersign app add --help`")
        try await shell.run("app", "add", "")
            .expect(65, "an app's name must be 1 to 63 of a-z, 0-9 and -, and not begin with -")
        try await shell.run("app", "add", "Mobile", "--role", Database.current.unique("mobile"))
            .expect(65, "an app's name must be 1 to 63 of a-z, 0-9 and -, and not begin with -")
        try await shell.succeed("app", "add", "mobile", "--role", Database.current.unique("mobile"))
        try await shell.run("app", "add", "mobile", "--role", Database.current.unique("second"))
            .expect(65, "there is an app of that name already")
        try await shell.run("app", "add", "mobile", "--role", Database.current.unique("mobile"))
            .expect(65, "there is an app of that name already")
        try await shell.run("app", "add", "other", "--role", Database.current.unique("mobile"))
            .expect(65, "that login belongs to another app")
        try await shell.run("app", "enable", "mobil").expect(65, "there is no app mobil; there is mobile")
    }
}
