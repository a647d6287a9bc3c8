import Countersign
import Engine
import Postgres
import Support
import Testing

/// A server that crashes with what gateways have asked for and not been answered: what they send for many callers does not wait
/// for the disk, where the caller learns nothing before a later commit that does.
@Suite(.logs) struct ForgottenCallTests {
    private static let device = "0190a5b2-0000-7000-8000-000000000001"

    @Test func `a start that nobody was told of may be forgotten`() async throws {
        try await ScratchServer.run { server in
            try await arrange(server)
            try await server.crash { _ = try await start(server) }
            #expect(try await server.number("SELECT count(*) FROM countersign.auth_requests") == 0)
            #expect(try await server.number("SELECT count(*) FROM countersign.issue_queue") == 0)
        }
    }

    @Test func `a start whose code was handed out outlasts a crash`() async throws {
        try await ScratchServer.run { server in
            try await arrange(server)
            let codes = try await server.crash { () async throws -> Int in
                let request = try await start(server)
                var stage = IssueStage()
                var session = try await Connection.open(server.options)
                #expect(try await stage.runBatch(&session, prelude: [], limit: 10).outcome.rows == 1)
                return try await server.number(
                    "SELECT count(*) FROM countersign.hand_out_codes('{acme}', '{\(request)}') WHERE otp <> ''"
                )
            }
            #expect(codes == 1)
            let issued = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'issued'"
            #expect(try await server.number(issued) == 1)
            #expect(try await server.number("SELECT count(*) FROM countersign.otp_secrets") == 0)
        }
    }

    @Test func `an answer that has no verdict may be forgotten, and one that is refused at once is not`()
        async throws
    {
        try await ScratchServer.run { server in
            try await arrange(server)
            try await server.crash { try await submit(Self.code, "accept", server) }
            #expect(try await server.number("SELECT count(*) FROM countersign.submissions") == 0)
            #expect(try await server.number("SELECT count(*) FROM countersign.validate_queue") == 0)

            try await server.crash { try await submit("no code", "accept", server) }
            let refused = "SELECT count(*) FROM countersign.submissions WHERE reason = 'malformed'"
            #expect(try await server.number(refused) == 1)
        }
    }

    private static let code = String(repeating: "A", count: 64)

    private func arrange(_ server: ScratchServer) async throws {
        try await server.execute(
            """
            CREATE ROLE x LOGIN IN ROLE countersign_portal;
            CREATE ROLE y LOGIN IN ROLE countersign_app;
            INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('x', 'acme', 'Acme', '');
            INSERT INTO countersign.auth_types (name) VALUES ('qr-code');
            INSERT INTO countersign.auth_type_messages (auth_type, language_code, message) VALUES ('qr-code', 'en', 'Sign in');
            INSERT INTO countersign.callback_urls (portal_id, url) VALUES (1, 'https://acme.example/cb');
            INSERT INTO countersign.apps (login, name) VALUES ('y', 'mobile');
            INSERT INTO countersign.enrollments (enrollment_id, app_id, status, user_id, device_id)
            VALUES ('\(Self.device)', 1, 'active', 'alice', 'phone');
            """)
    }

    private func start(_ server: ScratchServer) async throws -> Identifier {
        var gateway = try await Connection.open(server.options)
        return try await gateway.execute(
            """
            SELECT transaction_id FROM countersign.start_requests(
                '{acme}', '{qr-code}', '{https://acme.example/cb}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
                '{NULL}', '{NULL}', '{NULL}')
            """)[0].identifier(0)
    }

    private func submit(_ code: String, _ action: String, _ server: ScratchServer) async throws {
        try await server.execute(
            """
            SELECT place FROM countersign.submit_answers(
                'mobile', '{alice}', '{\(Self.device)}', '{\(code)}', '{\(action)}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
                '{NULL}', '{NULL}', '{NULL}')
            """)
    }
}
