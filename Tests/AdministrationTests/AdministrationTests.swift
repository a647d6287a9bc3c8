import Administration
import Countersign
import Postgres
import Support
import Testing

@Suite(.database) struct AdministrationTests {
    @Test func `every statement fits the schema and its decoder`() async throws {
        var owner = try await Database.current.connect()
        try await owner.expectToFit(AdministrationStatements.all)
        try expectAllListed(in: "Administration", AdministrationStatements.all)
    }

    /// What the console will do under its own login, and what the commands do.
    @Test func `a member of countersign_admin may do it all`() async throws {
        let database = Database.current
        let login = try await database.makeLogin("admin", in: .admin)
        var admin = try await database.connect(as: login)
        let sealer = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        let draft = Portal.Draft(name: "acme", login: database.unique("acme"))
        let added = try await Portal.add(draft, sealer, &admin)
        _ = try await App.add("mobile", login: database.unique("mobile"), &admin)
        try await act("type add", ["qr", "60"], &admin)
        let credentials = try BasicCredentials(username: "u", password: "p")
        _ = try await AddCallback(portal: "acme", url: "https://a.example/", (credentials, sealer)).run(
            &admin)
        try await act("settings set", ["enrollment_enabled=false"], &admin)
        #expect(try await act("portal disable", ["acme"], &admin) == "portal acme is disabled")
        #expect(try await act("portal disable", ["acme"], &admin) == "portal acme is disabled already")
        try await act("app disable", ["mobile"], &admin)

        #expect(try await Portal.list(&admin).map(\.id) == [added.id])
        #expect(try await Callback.list(&admin).map(\.username) == ["u"])
        try await act("callback remove", ["acme", "https://a.example/"], &admin)
        try await act("type remove", ["qr"], &admin)
        _ = try await SystemStatus.read(&admin)
        #expect(try await RequestLife.read(.random(), &admin) == nil)

        let actors = try await admin.execute("SELECT DISTINCT actor::text FROM countersign.events").map {
            try $0.text(0)
        }
        #expect(actors == [login.name])
    }

    @Test func `nothing of a portal stays when its last step fails`() async throws {
        let database = Database.current
        var owner = try await database.connect()
        try await owner.execute(
            "ALTER TABLE countersign.events ADD CONSTRAINT none CHECK (type <> 'portal.added') NOT VALID")
        let sealer = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        let draft = Portal.Draft(name: "acme", login: database.unique("acme"))
        await #expect(throws: PostgresError.self) { try await Portal.add(draft, sealer, &owner) }
        #expect(try await Portal.list(&owner).isEmpty)
        let logins = Statement("logins", "SELECT FROM pg_roles WHERE rolname = $1")
        #expect(try await owner.run(logins, [.text(draft.login)]).isEmpty)
    }

    @Test func `a secret is in no description`() async throws {
        let sealer = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        var owner = try await Database.current.connect()
        let draft = Portal.Draft(name: "acme", login: Database.current.unique("acme"))
        let added = try await Portal.add(draft, sealer, &owner)
        let password = try #require(added.login.password)
        var text = "\(added) \(added.login) \(String(reflecting: added)) \(String(reflecting: added.login))"
        dump(added, to: &text)
        let credentials = try BasicCredentials(username: "somebody", password: "hush-hush")
        dump(credentials, to: &text)
        text += "\(credentials)"
        #expect(!text.contains(password) && !text.contains(added.signingSecret) && !text.contains("hush"))
    }

    @Test func `changes of settings write what has changed`() async throws {
        var owner = try await Database.current.connect()
        let words = [
            "enrollment_enabled=false", "callback_allowlist_enabled=on", "mobile_authentication_enabled=no",
        ]
        let answer = try await ChangeSettings(ActionWords(["setting": words])).run(&owner)
        #expect(
            answer == """
                mobile_authentication_enabled is false
                enrollment_enabled is false
                callback_allowlist_enabled is true already
                """)
        let event = try await owner.execute("SELECT details::text FROM countersign.events")
        #expect(event.count == 1)
        #expect(
            try event[0].text(0)
                == #"{"enrollment_enabled": false, "mobile_authentication_enabled": false}"#)
        #expect(
            try await act("settings set", "enrollment_enabled=false") == "enrollment_enabled is false already"
        )
        #expect(try await Settings.read(&owner).values[.callbackAllowlist] == true)
    }

    @Test func `many names are not listed one by one`() {
        let names = (1...11).map { "p\($0)" }
        let error = AdministrationError.unknown(.portal, name: "x", existing: names)
        #expect("\(error)" == "there is no portal x: `countersign portal list` shows those that there are")
    }
}
