import Foundation
package import Postgres

/// The database of the running test.
package final class Database: Sendable {
    @TaskLocal static var scoped: Database?

    /// Of the innermost `.database` or `.emptyDatabase`. Tasks inherit it, except detached ones.
    package static var current: Database {
        guard let scoped else { preconditionFailure("the test or its suite needs .database") }
        return scoped
    }

    package let name: String
    /// The database's owner: no superuser, has CREATEROLE.
    package let ownerOptions: ConnectionOptions
    package let superuserOptions: ConnectionOptions
    /// A postgres:// URL with the owner's password, for programs that the test starts.
    package var ownerURL: String { server.ownerURL(database: name) }
    package var superuserURL: String { server.superuserURL(database: name) }

    private let server: TestServer
    private let suffix: String

    private init(_ server: TestServer, suffix: String) {
        self.server = server
        self.suffix = suffix
        name = "countersign_test_\(suffix)"
        ownerOptions = connectionOptions(server.ownerURL(database: name))
        superuserOptions = server.superuserOptions(database: name)
    }

    static func make(isMigrated: Bool, options: String = "") async throws -> Database {
        let server = try await TestServer.shared.value
        let database = Database(server, suffix: randomSuffix())
        var connection = try await server.connect()
        try await server.createDatabase(
            database.name, isMigrated: isMigrated, options: options, &connection)
        return database
    }

    /// What an installation may be called whose groups no other test has. They are dropped at the test's end.
    package var installationName: String { suffix }

    /// Drops the database, whoever is connected, and every login whose name `unique` has made.
    func drop() async throws {
        var connection = try await server.connect()
        try await connection.execute("DROP DATABASE IF EXISTS \(quotedIdentifier(name)) WITH (FORCE)")
        let logins = Statement(
            "logins of a test",
            """
            SELECT rolname FROM pg_roles
            WHERE right(rolname, $2) = $1 OR starts_with(rolname, 'countersign' || $1 || '_')
            """)
        let suffix = "_" + suffix
        let rows = try await connection.run(logins, [.text(suffix), .int32(Int32(suffix.utf8.count))])
        for row in rows {
            try await connection.execute("DROP ROLE IF EXISTS \(quotedIdentifier(row.text(0)))")
        }
    }

    /// `acme` as a name that no other test has. Roles belong to the whole server: name them so, and they are
    /// dropped at the test's end.
    package func unique(_ word: String) -> String { "\(word)_\(suffix)" }

    /// Connects as the owner.
    package func connect() async throws -> Connection { try await open(ownerOptions) }

    package func connect(as login: TestLogin) async throws -> Connection {
        try await open(options(login: login))
    }

    /// A test's own session: what it holds is held until the test lets it go, however busy the machine is.
    private func open(_ options: ConnectionOptions) async throws -> Connection {
        var patient = options
        patient.settings["idle_in_transaction_session_timeout"] = "0"
        return try await Connection.open(patient)
    }

    /// Whether the server knows the locales of ICU: those of PyPI were built without, and have the collation `unicode` alone.
    package static func serverHasICU() async throws -> Bool {
        var connection = try await TestServer.shared.value.connect()
        return try await connection.execute(
            "SELECT EXISTS (SELECT FROM pg_collation WHERE collname LIKE '%-x-icu')")[0]
            .bool(0)
    }

    package func connectAsSuperuser() async throws -> Connection {
        try await open(superuserOptions)
    }

    /// Where the server listens, for a `Proxy` before it.
    package var port: Int { server.superuser.port ?? 5432 }

    /// As the owner, by another port, and with further parameters in the URL.
    package func options(port: Int? = nil, query: String = "") -> ConnectionOptions {
        variant(of: ownerURL, port, query)
    }

    /// - Parameter port: of something that stands before the server.
    package func options(login: TestLogin, port: Int? = nil, query: String = "") -> ConnectionOptions {
        variant(of: url(login: login), port, query)
    }

    private func variant(of text: String, _ port: Int?, _ query: String) -> ConnectionOptions {
        var url = URLComponents(string: text)
        if let port { url?.port = port }
        return connectionOptions((url?.string ?? "") + (query.isEmpty ? "" : "?\(query)"))
    }

    package func url(login: TestLogin) -> String {
        server.url(user: login.name, password: login.password, database: name)
    }

    /// Makes a login, named after `word`, that is a member of those groups: of none, it is a stranger. The owner makes it,
    /// as `portal add` does, and so administers it on PostgreSQL 16 and later, too.
    ///
    /// - Parameter installation: whose groups, by what stands before `portal` in their names.
    package func makeLogin(
        _ word: String, in groups: TestLogin.Group..., of installation: String = "countersign_"
    ) async throws -> TestLogin {
        let login = TestLogin(name: unique(word), password: Identifier.random().description)
        var connection = try await server.connect()
        try await connection.execute(
            """
            SET ROLE \(server.owner);
            CREATE ROLE \(quotedIdentifier(login.name)) LOGIN PASSWORD \(quotedLiteral(login.password));
            RESET ROLE
            """)
        for group in groups {
            try await connection.execute("GRANT \(installation)\(group) TO \(quotedIdentifier(login.name))")
        }
        return login
    }
}

/// A login of the server that belongs to one test.
package struct TestLogin: Sendable {
    /// The groups that the first migration makes.
    package enum Group: String, Sendable, CaseIterable {
        case portal, app, gateway, worker, monitor, admin
    }

    package let name: String
    package let password: String

    /// A login that the test makes by itself; name it with `Database.unique`.
    package init(name: String, password: String) {
        self.name = name
        self.password = password
    }
}

/// Enough for names that never meet, and known again when a killed run leaves them.
private func randomSuffix() -> String {
    "cst" + Identifier.random().description.filter { $0 != "-" }.suffix(12)
}
