import Countersign
import Crypto
import Engine
import Foundation
import Postgres
import Support
import Testing
import Webhooks

extension AddressPolicy {
    /// Receivers of tests listen on loopback, at ports that the system gives them.
    static let loopback = AddressPolicy(
        plainHTTP: ["127.0.0.0/8", "::1/128"].compactMap { try? AddressRange($0) }, ports: [1...65_535])
    /// The same by HTTPS only.
    static let loopbackTLS = AddressPolicy(
        allowed: ["127.0.0.0/8"].compactMap { try? AddressRange($0) }, ports: [1...65_535])
}

/// Portals with callbacks, and requests that have ended, in the current test's database.
struct WebhookSite: Sendable {
    static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    let sealer = Sealer(MasterKeys(current: MasterKey(id: 1, key: SymmetricKey(size: .bits256))))

    /// Returns its id.
    func addPortal(_ name: String = "acme") async throws -> Int32 {
        var owner = try await Database.current.connect()
        let portal = try await owner.run(Self.portal, [.text(Database.current.unique(name)), .text(name)])[0]
            .int(0)
        try await seal(Int32(portal))
        return Int32(portal)
    }

    /// Gives it its signing secret.
    func seal(_ portal: Int32) async throws {
        var owner = try await Database.current.connect()
        let sealed = try sealer.seal(Self.secret, at: SealedColumn.signingSecret.place(Int(portal)))
        try await owner.run(Self.seal, [.int32(portal), .bytes(sealed)])
    }

    /// Unchecked, as a restored row is: the guard goes by what stands there.
    func addCallback(_ url: String, of portal: Int32, password: String? = nil) async throws {
        var owner = try await Database.current.connectAsSuperuser()
        try await owner.execute("SET session_replication_role = replica")
        let id = try await owner.run(Self.callback, [.int32(portal), .text(url)])[0].int(0)
        guard let password else { return }
        let sealed = try sealer.seal(Array(password.utf8), at: SealedColumn.callbackPassword.place(id))
        try await owner.run(Self.basic, [.int32(Int32(id)), .bytes(sealed)])
    }

    /// Requests of a portal that have just been cancelled. The insert's triggers are off, so that many are quick.
    @discardableResult
    func end(_ count: Int = 1, at url: String, of portal: Int32) async throws -> [Identifier] {
        var superuser = try await Database.current.connectAsSuperuser()
        return try await end(count, at: url, of: portal, in: &superuser)
    }

    /// The same in a superuser's session.
    @discardableResult
    func end(
        _ count: Int = 1, at url: String, of portal: Int32, in session: inout Connection
    ) async throws -> [Identifier] {
        try await session.execute("SET session_replication_role = replica")
        let ids = try await session.run(Self.requests, [.int32(portal), .text(url), .int32(Int32(count))])
            .map { try $0.identifier(0) }
        try await session.execute("SET session_replication_role = origin")
        try await session.run(Self.ending, [.identifiers(ids)])
        return ids
    }

    /// A portal with that callback, and a request of it that has just been cancelled.
    func endedRequest(_ url: String, password: String? = nil) async throws -> Identifier {
        let portal = try await addPortal()
        try await addCallback(url, of: portal, password: password)
        return try await end(at: url, of: portal)[0]
    }

    func dispatching<T: Sendable>(
        _ limits: DispatchStage.Limits = .init(), policy: AddressPolicy = .loopback,
        trustRoots: TrustRoots = .none, batchSize: Int = 500, poll: Duration = .seconds(1),
        statementLimit: Duration? = nil,
        _ body: (Worker) async throws -> T
    ) async throws -> T {
        let stage = DispatchStage(sealer: sealer, policy: policy, trustRoots: trustRoots, limits: limits)
        return try await withWorker(
            stages: [.dispatch], batchSize: batchSize, dispatch: stage, poll: poll,
            statementLimit: statementLimit,
            logger: LogCapture.current.logger(), body)
    }

    /// The delivery with its last attempt, once its status is that one and there is an attempt.
    func delivery(_ id: Identifier, _ status: String, timeout: Duration = patience) async throws
        -> SeenDelivery
    {
        var owner = try await Database.current.connect()
        var seen: SeenDelivery?
        try await eventually("the delivery is \(status)", timeout: timeout) {
            seen = try await owner.run(Self.delivery, [.identifier(id), .text(status)]).first.map {
                SeenDelivery(
                    attempts: try $0.int(0), code: try $0.optionalInt(1), error: try $0.optionalText(2),
                    body: try $0.optionalText(3), detail: try $0.optionalText(4))
            }
            return seen != nil
        }
        return seen!
    }

    func count(_ sql: String) async throws -> Int {
        var owner = try await Database.current.connect()
        return try await owner.execute(sql)[0].int(0)
    }

    private static let portal = Statement(
        "portal",
        """
        INSERT INTO countersign.portals (login, name, display_name, signing_secret)
        VALUES ($1, $2, $2, '') RETURNING portal_id
        """)
    private static let seal = Statement(
        "seal", "UPDATE countersign.portals SET signing_secret = $2 WHERE portal_id = $1")
    private static let callback = Statement(
        "callback",
        "INSERT INTO countersign.callback_urls (portal_id, url) VALUES ($1, $2) RETURNING callback_id")
    private static let basic = Statement(
        "basic", "UPDATE countersign.callback_urls SET username = 'cs', password = $2 WHERE callback_id = $1")
    private static let requests = Statement(
        "requests",
        """
        INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id, status,
                                               auth_type, method, callback_uri, message)
        SELECT countersign.uuid_v7(), now(), now() + interval '1 h', now() + interval '1 h', $1, 'requested',
               'qr-code', 'otp', $2, 'Sign in'
        FROM generate_series(1, $3) RETURNING transaction_id
        """)
    private static let ending = Statement(
        "end", "SELECT countersign.end_requests($1, array_fill('cancelled'::text, ARRAY[cardinality($1)]))")
    private static let delivery = Statement(
        "delivery",
        """
        SELECT d.attempts, a.status_code, a.error_class, b.body, a.detail
        FROM countersign.webhook_deliveries d JOIN countersign.webhook_tries a USING (transaction_id)
        LEFT JOIN countersign.webhook_attempts b USING (transaction_id, attempt)
        WHERE d.transaction_id = $1 AND d.status = $2 ORDER BY a.attempt DESC LIMIT 1
        """)
}

struct SeenDelivery: Sendable {
    let attempts: Int
    let code: Int?
    let error: String?
    let body: String?
    let detail: String?
}
