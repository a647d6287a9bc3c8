import Foundation
import Postgres

/// The server that tests use, found and made ready once in each test process.
struct TestServer: Sendable {
    static let shared = Task {
        let superuser = try await findServer()
        var connection = try await Connection.open(connectionOptions(superuser.text))
        let server = TestServer(
            superuser: superuser, ownerPassword: try await ownerPassword(&connection),
            template: try await templateName(&connection))
        try await server.prepare(&connection)
        return server
    }

    /// Not the owner of a checkout's own database, whose data tests never touch.
    let owner = "countersign_test_owner"
    let superuser: URLComponents
    let ownerPassword: String
    let template: String

    /// Connects as superuser, to no test's database.
    func connect() async throws -> Connection { try await Connection.open(connectionOptions(superuser.text)) }

    func superuserURL(database: String) -> String { superuser.of(database: database).text }

    func superuserOptions(database: String) -> ConnectionOptions {
        connectionOptions(superuserURL(database: database))
    }

    func url(user: String, password: String, database: String) -> String {
        var components = superuser.of(database: database)
        components.user = user
        components.password = password
        return components.text
    }

    func ownerURL(database: String) -> String {
        url(user: owner, password: ownerPassword, database: database)
    }

    /// A new database of the owner's, from the template or empty.
    func createDatabase(
        _ name: String, isMigrated: Bool, options: String = "", _ connection: inout Connection
    ) async throws {
        let source = isMigrated ? template : "template0"
        try await connection.execute("CREATE DATABASE \(name) OWNER \(owner) TEMPLATE \(source) \(options)")
        // Copying a database leaves its privileges behind.
        let grants = """
            SELECT string_agg(format('GRANT %s ON DATABASE \(name) TO %s', a.privilege_type, CASE a.grantee
                WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END), ';')
            FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a
            WHERE d.datname = '\(source)' AND d.datacl IS NOT NULL
            """
        if isMigrated, let sql = try await connection.execute(grants)[0].optionalText(0) {
            try await connection.execute("REVOKE ALL ON DATABASE \(name) FROM PUBLIC; \(sql)")
        }
    }
}

func connectionOptions(_ url: String) -> ConnectionOptions {
    var options = ConnectionOptions(url: url, environment: ProcessInfo.processInfo.environment)
    options.logger = LogCapture.current.logger("postgres")
    return options
}

extension URLComponents {
    fileprivate var text: String { string ?? "" }

    fileprivate func of(database: String) -> URLComponents {
        var components = self
        components.path = "/\(database)"
        return components
    }
}

/// COUNTERSIGN_TEST_URL, else what scripts/postgres says.
private func findServer() async throws -> URLComponents {
    let given = ProcessInfo.processInfo.environment["COUNTERSIGN_TEST_URL"] ?? ""
    let text = try await given.isEmpty ? Checkout.postgres("url", "--superuser") : given
    guard let url = URLComponents(string: text), url.scheme?.hasPrefix("postgres") == true else {
        throw NoServer(reason: "COUNTERSIGN_TEST_URL must be a postgres:// URL")
    }
    return url
}
