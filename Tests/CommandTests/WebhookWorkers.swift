import Countersign
import Foundation
import Postgres
import Support
import Testing

/// Ended requests of one portal, and the program that delivers their webhooks.
struct WebhookWorkers {
    let key = MasterKeyText.make()

    func arrange(_ url: String, count: Int) async throws -> (Shell, [Identifier]) {
        var owner = Shell.owner()
        owner.environment["COUNTERSIGN_MASTER_KEY"] = key.text
        try await owner.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"), "--no-password")
        try await owner.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await owner.succeed("callback", "add", "acme", url)
        var connection = try await Database.current.connect()
        let made = try await connection.execute(
            """
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', url FROM countersign.callback_urls, generate_series(1, \(count))
            RETURNING transaction_id
            """)
        let ids = try made.compactMap { Identifier(try $0.text(0)) }
        try await connection.run(
            Statement(
                "end",
                "SELECT countersign.end_requests($1, array_fill('cancelled'::text, ARRAY[cardinality($1)]))"),
            [.identifiers(ids)])
        return (try await Shell.member(of: .worker, key: key), ids)
    }

    /// - Parameter starter: a program that becomes the one that its arguments name.
    func start(_ shell: Shell, by starter: String? = nil) throws -> RunningProgram {
        let arguments = [
            "work", "--stages", "dispatch", "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
        ]
        guard let starter else { return try shell.start(arguments) }
        return try shell.start([starter, RunningProgram.executable.path] + arguments, isProgram: false)
    }
}
