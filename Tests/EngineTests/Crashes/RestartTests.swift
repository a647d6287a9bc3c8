import Countersign
import Postgres
import Support
import Testing

/// A server of the test's own that is restarted under a running worker.
@Suite(.logs) struct RestartTests {
    @Test(arguments: ["fast", "immediate"]) func `the worker goes on after a restart`(mode: String)
        async throws
    {
        try await ScratchServer.run { server in try await restart(server, mode) }
    }

    private func restart(_ server: ScratchServer, _ mode: String) async throws {
        let rows = 10_000
        var owner = try await Connection.open(server.options)
        try await owner.execute(
            """
            INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('x', 'acme', 'Acme', '');
            INSERT INTO countersign.auth_types (name) VALUES ('qr-code');
            INSERT INTO countersign.callback_urls (portal_id, url) VALUES (1, 'https://acme.example/cb');
            """)
        let load = """
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri, message)
            SELECT 1, 'qr-code', 'https://acme.example/cb', 'Sign in' FROM generate_series(1, \(rows))
            """
        try await owner.execute(load)
        try await withWorker(batchSize: 20, options: server.options) { _ in
            try await eventually("it works") { try await left(&owner) < rows }
            try await server.restart(mode)
            var again = try await Connection.open(server.options)
            try await eventually("it goes on and finishes") {
                try await left(&again) == 0
            }
            try await again.execute(load)
            try await eventually("and is still there") { try await left(&again) == 0 }
        }
        var check = try await Connection.open(server.options)
        let secrets =
            "SELECT count(*) FROM countersign.otp_secrets JOIN countersign.auth_requests USING (transaction_id) "
        #expect(
            try await check.execute(secrets + "WHERE secret_digest = sha256(secret)")[0].int(0) == 2 * rows)
    }

    private func left(_ connection: inout Connection) async throws -> Int {
        try await connection.execute(
            "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'")[0].int(0)
    }
}
