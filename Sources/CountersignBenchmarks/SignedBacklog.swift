import Countersign
import Crypto
import Engine
import Foundation
import OpenPGP
import Postgres

/// Signed answers to issued requests, of enrolled devices, as rows that wait for the validate stage.
struct SignedBacklog: Sendable {
    struct Answer: Sendable {
        let device: Int
        let code: String
        let text: SubmissionText
        let signature: String
    }

    let devices: [KeyPair]
    let answers: [Answer]

    /// `rows` answers by `deviceCount` devices in turns.
    static func make(_ rows: Int, by deviceCount: Int, _ bench: Bench) async throws -> SignedBacklog {
        let devices = try await BareCrypto.devices(deviceCount)
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute("SET session_replication_role = replica")
        let app = try await superuser.execute("SELECT app_id FROM countersign.apps")[0].int(0)
        let enrollments = (0..<deviceCount).map { _ in Identifier.random() }
        for part in devices.indices.chunks(of: 1_000) {
            try await superuser.run(
                LoadEnrollments(
                    app: Int32(app), ids: part.map { enrollments[$0] }, devices: part.map { devices[$0] }))
        }
        let secrets = (0..<rows).map { _ in Identifier.random().bytes + Identifier.random().bytes }
        let requests = try await superuser.run(
            LoadIssued(
                portal: bench.installation.portals[0].id,
                secretDigests: secrets.map { Array(SHA256.hash(data: $0)) })
        ).all()
        let signedAt = String(Timestamp.now().description.prefix(19)) + "Z"
        let answers = try await CryptoThreads(size: BareCrypto.cores).map(
            Array(0..<rows), affinity: { enrollments[$0 % deviceCount] }
        ) { context, index in
            let text = SubmissionText(
                action: .accept, transactionID: requests[index],
                secretDigest: Array(SHA256.hash(data: secrets[index])),
                enrollmentID: enrollments[index % deviceCount], signedAt: signedAt, promptDigest: nil)
            let code = base64URLEncoded(requests[index].bytes + secrets[index])
            return Answer(
                device: index % deviceCount, code: code, text: text,
                signature: try context.sign(text.bytes, with: devices[index % deviceCount].secretKey))
        }
        return SignedBacklog(devices: devices, answers: answers)
    }

    /// As an app submits them, but many at a time.
    func submit(_ bench: Bench) async throws {
        var app = try await bench.database.connect(as: bench.installation.app)
        for part in answers.indices.chunks(of: 1_000) {
            try await app.run(InsertAnswers(answers: part.map { answers[$0] }))
        }
    }

    /// Verifications a second by nothing else, with a cold start as that of a worker.
    func bareRate(tasks: Int) async throws -> Double {
        try await BareCrypto.rate(answers.count, tasks: tasks, key: { answers[$0].device }) {
            context, index in
            let answer = answers[index]
            _ = try context.verify(
                signature: answer.signature, message: answer.text.bytes, by: devices[answer.device].publicKey)
        }
    }
}

struct LoadEnrollments: PreparedStatement {
    let app: Int32
    let ids: [Identifier]
    /// One for each id.
    let devices: [KeyPair]

    static let statement = Statement(
        "bench.enroll",
        """
        INSERT INTO countersign.enrollments (enrollment_id, app_id, user_id, device_id, status, public_key,
                                             key_fingerprint)
        SELECT id, $2, 'user ' || id, 'phone', 'active', key, fingerprint
        FROM unnest($1::uuid[], $3::text[], $4::text[]) AS g (id, key, fingerprint)
        """)
    var parameters: [Parameter] {
        [
            .identifiers(ids), .int32(app), .texts(devices.map(\.publicKey)),
            .texts(devices.map(\.fingerprint)),
        ]
    }
}

/// Requests with a code; returns their ids.
struct LoadIssued: PreparedStatement {
    let portal: Int32
    let secretDigests: [[UInt8]]

    static let statement = Statement(
        "bench.request",
        """
        INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, issued_at,
                                               portal_id, status, auth_type, method, callback_uri, message,
                                               secret_digest)
        SELECT countersign.uuid_v7(), now(), now() + interval '1 h', now() + interval '1 h', now(), $1, 'issued',
               '\(Installation.authType)', 'otp', '\(Installation.callback)', 'Sign in', digest
        FROM unnest($2::bytea[]) AS digest RETURNING transaction_id
        """)
    var parameters: [Parameter] { [.int32(portal), .byteses(secretDigests)] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("transaction_id") }
}

struct InsertAnswers: PreparedStatement {
    let answers: [SignedBacklog.Answer]

    static let statement = Statement(
        "bench.submission",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, signature)
        SELECT enrollment, otp, 'accept', signed_at, signature
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS g (enrollment, otp, signed_at, signature)
        """)
    var parameters: [Parameter] {
        [
            .texts(answers.map(\.text.enrollmentID.description)), .texts(answers.map(\.code)),
            .texts(answers.map(\.text.signedAt)), .texts(answers.map(\.signature)),
        ]
    }
}

extension Range<Int> {
    fileprivate func chunks(of size: Int) -> [Range<Int>] {
        stride(from: lowerBound, to: upperBound, by: size).map { $0..<Swift.min($0 + size, upperBound) }
    }
}
