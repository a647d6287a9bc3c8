import Countersign
import Postgres

/// The database of a run: made, migrated, filled with portals and an app, dropped at the end.
struct BenchDatabase: Sendable {
    private static let prefix = "countersign_bench_"

    let server: Server
    let name: String
    let owner: BenchLogin

    /// Makes and migrates one, gives it to the body and drops it, whoever is connected, with its logins.
    static func with<T>(on server: Server, _ body: (BenchDatabase) async throws -> T) async throws -> T {
        let name = newName()
        let owner = BenchLogin(name: name, password: Identifier.random().description)
        let database = BenchDatabase(server: server, name: name, owner: owner)
        var superuser = try await server.connect()
        let result: T
        do {
            try await database.make(&superuser)
            result = try await body(database)
        } catch {
            try? await drop(name, &superuser)
            throw error
        }
        try await drop(name, &superuser)
        return result
    }

    /// A name by which later runs know what a killed one has left.
    static func newName() -> String {
        prefix + Identifier.random().description.filter { $0 != "-" }.suffix(12)
    }

    /// Drops what killed runs have left.
    static func sweep(_ server: Server) async throws {
        var superuser = try await server.connect()
        let leftovers = """
            SELECT datname FROM pg_database d WHERE datname ~ '^\(prefix)[0-9a-f]{12}$'
            AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)
            """
        for name in try await superuser.execute(leftovers).map({ try $0.text(0) }) {
            try await drop(name, &superuser)
        }
    }

    private func make(_ superuser: inout Connection) async throws {
        try await superuser.execute(
            "CREATE ROLE \(name) LOGIN CREATEROLE PASSWORD \(quotedLiteral(owner.password))")
        try await superuser.execute("CREATE DATABASE \(name) OWNER \(name) TEMPLATE template0")
        var connection = try await connectAsOwner()
        try await Program.migrator().up(&connection)
    }

    /// A name for a login of this run: logins belong to the whole server.
    func login(_ word: String) -> String { "\(name)_\(word)" }

    func url(_ login: BenchLogin) -> String { server.url(login, database: name) }

    func connect(as login: BenchLogin) async throws -> Connection {
        try await Connection.open(Server.options(url(login)))
    }

    func connectAsOwner() async throws -> Connection { try await connect(as: owner) }

    func connectAsSuperuser() async throws -> Connection { try await server.connect(database: name) }

    private static func drop(_ name: String, _ superuser: inout Connection) async throws {
        try await superuser.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        let logins = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, '\(name)')"
        for login in try await superuser.execute(logins).map({ try $0.text(0) }) {
            try await superuser.execute("DROP ROLE IF EXISTS \(quotedIdentifier(login))")
        }
    }
}
