import Countersign
import Engine
import Foundation
import Postgres
import Support
import Testing

/// A server that crashes with codes that it had not written to disk, because the issue stage does not wait for that.
@Suite(.logs) struct ForgottenCodeTests {
    @Test func `a code that a crash made the server forget is made anew`() async throws {
        try await ScratchServer.run { server in
            let request = try await arrange(server)
            let first = try await issueAndCrash(server) { try await code(of: request, server) }
            #expect(first != nil)
            #expect(try await status(of: request, server) == "requested", "the crash came too late")

            try await issue(server)
            let second = try await collect(request, server)
            #expect(try await status(of: request, server) == "issued")
            #expect(second != nil && second != first)
        }
    }

    @Test func `a code that was collected outlasts a crash`() async throws {
        try await ScratchServer.run { server in
            let request = try await arrange(server)
            let code = try await issueAndCrash(server) { try await collect(request, server) }
            #expect(code != nil)
            #expect(try await status(of: request, server) == "issued")
            #expect(try await collect(request, server) == nil)
            let digest =
                "SELECT secret_digest = sha256(substring(decode(translate('\(code ?? "")', '-_', '+/'), "
                + "'base64') FROM 17)) FROM countersign.auth_requests"
            var owner = try await Connection.open(server.options)
            #expect(try await owner.execute(digest)[0].bool(0))
        }
    }

    private func arrange(_ server: ScratchServer) async throws -> Identifier {
        try await server.execute(
            """
            CREATE ROLE x LOGIN IN ROLE countersign_portal;
            INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('x', 'acme', 'Acme', '');
            INSERT INTO countersign.auth_types (name) VALUES ('qr-code');
            INSERT INTO countersign.callback_urls (portal_id, url) VALUES (1, 'https://acme.example/cb');
            """)
        var portal = try await Connection.open(server.options(user: "x"))
        return try await portal.execute(
            """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri, message)
            VALUES ('qr-code', 'https://acme.example/cb', 'Sign in') RETURNING transaction_id
            """)[0].identifier(0)
    }

    private func issue(_ server: ScratchServer) async throws {
        var stage = IssueStage()
        var session = try await Connection.open(server.options)
        #expect(try await stage.runBatch(&session, prelude: [], limit: 10).outcome.rows == 1)
    }

    private func issueAndCrash(
        _ server: ScratchServer, _ body: () async throws -> String?
    ) async throws -> String? {
        try await server.crash {
            try await issue(server)
            return try await body()
        }
    }

    private func status(of request: Identifier, _ server: ScratchServer) async throws -> String {
        var owner = try await Connection.open(server.options)
        return try await owner.execute(
            "SELECT status FROM countersign.auth_requests WHERE transaction_id = '\(request)'")[0].text(0)
    }

    private func collect(_ request: Identifier, _ server: ScratchServer) async throws -> String? {
        var portal = try await Connection.open(server.options(user: "x"))
        return try await portal.execute("SELECT countersign.collect_otp('\(request)')")[0].optionalText(0)
    }

    /// Without collecting it, as no portal can.
    private func code(of request: Identifier, _ server: ScratchServer) async throws -> String? {
        var owner = try await Connection.open(server.options)
        return try await owner.execute(
            """
            SELECT translate(encode(uuid_send(transaction_id) || secret, 'base64'), '+/', '-_')
            FROM countersign.otp_secrets WHERE transaction_id = '\(request)'
            """)[0].text(0)
    }
}
