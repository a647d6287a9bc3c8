import Foundation
import Postgres

/// The server that is measured on, by its superuser's URL.
struct Server: Sendable {
    private let superuser: URLComponents

    init(url: String) throws {
        guard let components = URLComponents(string: url), components.scheme?.hasPrefix("postgres") == true
        else {
            throw BenchError("COUNTERSIGN_BENCH_URL must be a postgres:// URL")
        }
        superuser = components
    }

    /// Connects as superuser, to its own database unless another is named. Loading takes its time.
    func connect(database: String? = nil) async throws -> Connection {
        var options = Self.options(database.map(superuserURL) ?? superuser.string ?? "")
        options.settings["statement_timeout"] = "300s"
        options.settings["idle_in_transaction_session_timeout"] = "0"
        return try await Connection.open(options)
    }

    func superuserURL(database: String) -> String {
        var components = superuser
        components.path = "/\(database)"
        return components.string ?? ""
    }

    func url(_ login: BenchLogin, database: String) -> String {
        var components = superuser
        components.user = login.name
        components.password = login.password
        components.path = "/\(database)"
        return components.string ?? ""
    }

    static func options(_ url: String) -> ConnectionOptions {
        var options = ConnectionOptions(url: url, environment: [:])
        options.applicationName = "countersign-bench"
        return options
    }
}

/// A login that exists for the run only.
struct BenchLogin: Sendable {
    let name: String
    let password: String
}

/// Why something could not be measured.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
