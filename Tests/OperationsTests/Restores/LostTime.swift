import Administration
import Countersign
import Engine
import Foundation
import Postgres
import Support
import Testing
import Webhooks

/// A portal, an app and a user with two devices on a server of the test's own, and what happens to them in the time that
/// is lost: a sign-in ends and is told, one more code is handed out, and a device is revoked.
struct LostTime: Sendable {
    let receiver: Receiver
    let journal: Journal
    let phone: SQLPhone
    let stolen: SQLPhone
    /// Open at the point that is gone back to, and answered after it.
    let answered: (id: Identifier, code: String)
    /// Issued then, and its code collected after it.
    let collected: Identifier

    /// What is before the point that is gone back to; `workers` are where the server is.
    static func before(
        _ server: ScratchServer, _ receiver: Receiver, _ journal: Journal
    ) async throws -> LostTime {
        try await configure(server, callback: "\(receiver.address)/callback")
        var app = try await Connection.open(server.options(user: "mobile"))
        var portal = try await Connection.open(server.options(user: "acme"))
        let phone = try await SQLPhone.enroll("alice", on: "phone", &app)
        let stolen = try await SQLPhone.enroll("alice", on: "stolen", &app)
        let answered = try await request(&portal, receiver)
        let code = try await portal.code(answered)
        let collected = try await request(&portal, receiver)
        try await portal.waitUntilIssued(collected)
        return LostTime(
            receiver: receiver, journal: journal, phone: phone, stolen: stolen, answered: (answered, code),
            collected: collected)
    }

    /// Everything that others are told and the database may forget.
    func pass(_ server: ScratchServer) async throws {
        var portal = try await Connection.open(server.options(user: "acme"))
        var app = try await Connection.open(server.options(user: "mobile"))
        var owner = try await Connection.open(server.options)
        #expect(try await portal.collect(collected) != nil)
        #expect(try await phone.send(.accept, answered.code, &app).result == "accepted")
        try await receiver.wait(for: 1)
        try await owner.execute("SELECT countersign.revoke_enrollment('\(stolen.enrollment)')")
        try await journal.append(revocationOf: stolen.enrollment)
        try await journal.append("settings set enrollment_enabled=true")
    }

    /// One that is answered from the beginning to the end; returns its id.
    func signIn(_ server: ScratchServer) async throws -> Identifier {
        var portal = try await Connection.open(server.options(user: "acme"))
        var app = try await Connection.open(server.options(user: "mobile"))
        let transaction = try await Self.request(&portal, receiver)
        let code = try await portal.code(transaction)
        #expect(try await phone.send(.accept, code, &app).result == "accepted")
        return transaction
    }

    /// Nothing that was open can be answered or collected, and no webhook says two things.
    func expectLost(on server: ScratchServer, reason: String) async throws {
        var portal = try await Connection.open(server.options(user: "acme"))
        var app = try await Connection.open(server.options(user: "mobile"))
        for transaction in [answered.id, collected] {
            try await eventually("it has failed") { try await portal.status(transaction) == "failed" }
            #expect(try await portal.collect(transaction) == nil)
        }
        let again = try await phone.send(.accept, answered.code, &app)
        #expect(again.reason == "expired", "\(again)")
        let other = try await signIn(server)
        try await receiver.wait(for: 2)
        #expect(told == ["\(answered.id)": "authenticated", "\(other)": "authenticated"])
        try await expect(reason, server)
        #expect(try await server.number("SELECT countersign.release_epoch(true)") == 2)
        try await receiver.wait(for: 4)
        #expect(
            told == [
                "\(answered.id)": "authenticated", "\(other)": "authenticated",
                "\(answered.id)-1": "failed", "\(collected)-1": "failed",
            ])
        #expect(receiver.received.count == 4)
    }

    private func expect(_ reason: String, _ server: ScratchServer) async throws {
        var owner = try await Connection.open(server.options)
        let epoch = try await owner.execute("SELECT reason, codes, requests, number FROM countersign.epochs")
        #expect(epoch.count == 1)
        let found = try epoch[0].text(0)
        #expect(found.hasPrefix(reason), "\(found)")
        #expect(try epoch[0].int(1) + epoch[0].int(2) >= 2)
    }

    /// What is the same as before, because nothing was lost.
    func expectKept(on server: ScratchServer) async throws {
        let other = try await signIn(server)
        try await receiver.wait(for: 2)
        #expect(told == ["\(answered.id)": "authenticated", "\(other)": "authenticated"])
        var portal = try await Connection.open(server.options(user: "acme"))
        #expect(try await portal.status(answered.id) == "authenticated")
        #expect(try await portal.status(collected) == "issued")
        #expect(try await server.number("SELECT number FROM countersign.epoch") == 0)
        #expect(try await status(of: stolen, on: server) == "revoked")
    }

    func status(of phone: SQLPhone, on server: ScratchServer) async throws -> String {
        var owner = try await Connection.open(server.options)
        return try await owner.execute(
            "SELECT status FROM countersign.enrollments WHERE enrollment_id = '\(phone.enrollment)'")[0].text(
                0)
    }

    /// By webhook-id.
    private var told: [String: String] {
        receiver.received.reduce(into: [:]) { told, received in
            let body = String(decoding: received.body, as: UTF8.self)
            let status = body.firstMatch(of: /"status":"(?<word>[a-z]+)"/).map { String($0.word) }
            let id = received.header("webhook-id") ?? ""
            #expect(told[id] == nil || told[id] == status, "one id says two things")
            told[id] = status
        }
    }
}

extension LostTime {
    /// Dispatch, too, to receivers on loopback.
    static func withWorkers<T: Sendable>(
        _ options: ConnectionOptions, journal: Journal? = nil, _ body: (Worker) async throws -> T
    ) async throws -> T {
        let loopback = ["127.0.0.0/8"].compactMap { try? AddressRange($0) }
        let dispatch = DispatchStage(
            sealer: .ofTests, policy: AddressPolicy(plainHTTP: loopback, ports: [1...65_535]))
        return try await withWorker(
            stages: Set(StageName.allCases), dispatch: dispatch, options: options, journal: journal, body)
    }

    static func withReceiver<T: Sendable>(
        _ body: (Receiver, Journal) async throws -> T
    ) async throws -> T {
        let file = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)")
        defer { for end in ["", ".seen"] { try? FileManager.default.removeItem(atPath: file.path + end) } }
        let journal = try Journal(path: file.path)
        return try await Receiver.run(answering: { _, _ in .status(204) }) { try await body($0, journal) }
    }

    private static func configure(_ server: ScratchServer, callback: String) async throws {
        var owner = try await Connection.open(server.options)
        let secret = try Sealer.ofTests.seal(
            randomBytes(32), at: SealedColumn.signingSecret.place(1))
        try await owner.execute(
            """
            CREATE ROLE acme LOGIN IN ROLE countersign_portal;
            CREATE ROLE mobile LOGIN IN ROLE countersign_app;
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
                VALUES ('acme', 'acme', 'Acme', '\\x\(hexadecimal(secret))');
            INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile');
            INSERT INTO countersign.auth_types (name, request_expires_in) VALUES ('qr-code', 600);
            INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'en', 'Sign in');
            INSERT INTO countersign.callback_urls (portal_id, url) VALUES (1, '\(callback)');
            """)
    }

    private static func request(_ portal: inout Connection, _ receiver: Receiver) async throws -> Identifier {
        try await portal.execute(
            """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri)
            VALUES ('qr-code', '\(receiver.address)/callback') RETURNING transaction_id
            """)[0].identifier(0)
    }
}
