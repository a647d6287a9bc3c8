import Administration
import Countersign
import Postgres

/// Twenty portals, one app and the login of a worker, added as an administrator adds them.
struct Installation: Sendable {
    struct Site: Sendable {
        let id: Int32
        let name: String
        let login: BenchLogin
    }

    static let callback = "https://portal.example/callback"
    static let authType = "qr-code"
    /// With all that makes a sign-in hard to phish.
    static let protectedType = "protected"

    let portals: [Site]
    let app: BenchLogin
    let worker: BenchLogin
    /// COUNTERSIGN_MASTER_KEY of the portals' secrets.
    let masterKey: String

    static func make(in database: BenchDatabase) async throws -> Installation {
        let masterKey = MasterKey.generate(id: 1)
        let sealer = Sealer(try MasterKeys(masterKey))
        var owner = try await database.connectAsOwner()
        let messages = [AuthenticationType.Message(language: "en", text: "Sign in")]
        for type in [authType, protectedType] {
            _ = try await AddType(type, expiresIn: 600, messages: messages).run(&owner)
        }
        // Types that are added ask for a scan, which some figures leave out.
        try await owner.execute(
            """
            UPDATE countersign.auth_types SET scan_required = false;
            UPDATE countersign.auth_types SET confirm_code = 'always', code_rotation = 60, redeem_once = true,
                                              scan_required = true, same_network = 'tell'
            WHERE name = '\(protectedType)'
            """)
        var portals: [Site] = []
        for number in 1...Scale.portals {
            portals.append(try await addPortal("portal-\(number)", database, sealer, &owner))
        }
        // Backlogs are what is measured here, not their limit.
        try await owner.execute("UPDATE countersign.portals SET max_open_requests = 100000000")
        // Signatures have a figure of their own.
        try await owner.execute("UPDATE countersign.settings SET signature_required = false")
        let app = try await App.add("mobile", login: database.login("app"), connections: 64, &owner)
        try await owner.execute(
            "UPDATE countersign.apps SET max_waiting = 100000000, max_waiting_per_device = 100000000")
        let worker = try await addWorker(database)
        return Installation(portals: portals, app: try login(app), worker: worker, masterKey: masterKey)
    }

    /// The portal of a client: they are spread evenly.
    func portal(ofClient index: Int) -> Site { portals[index % portals.count] }

    private static func addPortal(
        _ name: String, _ database: BenchDatabase, _ sealer: Sealer, _ owner: inout Connection
    ) async throws -> Site {
        var draft = Portal.Draft(name: name, login: database.login(name))
        draft.connections = 64
        let added = try await Portal.add(draft, sealer, &owner)
        _ = try await AddCallback(portal: name, url: callback).run(&owner)
        return Site(id: Int32(added.id), name: name, login: try login(added.login))
    }

    private static func addWorker(_ database: BenchDatabase) async throws -> BenchLogin {
        let login = BenchLogin(name: database.login("worker"), password: Identifier.random().description)
        var superuser = try await database.connectAsSuperuser()
        try await superuser.execute(
            "CREATE ROLE \(login.name) LOGIN PASSWORD '\(login.password)' IN ROLE countersign_worker")
        return login
    }

    private static func login(_ login: Login) throws -> BenchLogin {
        guard let password = login.password else { throw BenchError("login \(login.name) existed before") }
        return BenchLogin(name: login.name, password: password)
    }
}
