import Countersign
import OpenPGP
import Postgres

/// The enroll stage on a backlog, with a key pair made for each, against nothing but OpenPGP doing the same.
struct EnrollFigure: Figure {
    /// RSA takes most of a second each.
    private static let rsaPairs = 6

    func measure(_ bench: Bench) async throws -> [ReportRow] {
        let devices = try await BareCrypto.devices(bench.scale.devices)
        var own: [Double] = []
        var shared: [Double] = []
        var bare: [Double] = []
        for _ in 0..<bench.scale.rounds {
            own.append(try await enroll(devices, sharing: false, bench))
            bare.append(try await exchange(devices))
            shared.append(try await enroll(devices, sharing: true, bench))
        }
        let rsa = try await BareCrypto.rate(Self.rsaPairs, tasks: BareCrypto.cores) { context, _ in
            _ = try context.generateKeyPair(userID: "server", algorithm: .rsa3072)
        }
        let rate = Spread(own)
        return [
            ReportRow(
                figure: "enrollments",
                title: "a key pair for each; bare librnp: a key checked, a pair made, both cores",
                unit: .perSecond, ours: rate, reference: Spread(bare), target: .atLeast(0.7)),
            ReportRow(
                figure: "enrollments", title: "a key pair for each; one shared pair",
                unit: .perSecond, ours: rate, reference: Spread(shared), target: .none),
            ReportRow(
                figure: "enrollments", title: "a key pair for each; bare librnp making RSA-3072 pairs",
                unit: .perSecond, ours: rate, reference: Spread([rsa]), target: .none),
        ]
    }

    private func exchange(_ devices: [KeyPair]) async throws -> Double {
        try await BareCrypto.rate(devices.count, tasks: BareCrypto.cores) { context, index in
            _ = try context.inspect(publicKey: devices[index].publicKey)
            _ = try context.generateKeyPair(userID: "Countersign server")
        }
    }

    /// Enrollments a second by a worker, from its first batch to its last.
    private func enroll(_ devices: [KeyPair], sharing: Bool, _ bench: Bench) async throws -> Double {
        try await bench.reset()
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute(
            "UPDATE countersign.settings SET unique_pgp_keys_per_enrollment = \(!sharing)")
        var app = try await bench.database.connect(as: bench.installation.app)
        try await app.run(InsertEnrollments(publicKeys: devices.map(\.publicKey)))
        try await superuser.execute("ANALYZE countersign.enrollments; CHECKPOINT")
        return try await bench.withWorker(stages: "enroll") { worker in
            let deadline = ContinuousClock.now + .seconds(120)
            while try await superuser.run(IsAnyPending()).one() {
                guard ContinuousClock.now < deadline else {
                    throw BenchError("enrollments are not worked off")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            try worker.check()
            return try await superuser.run(ReadEnrollRate()).one()
        }
    }
}

struct InsertEnrollments: PreparedStatement {
    let publicKeys: [String]

    static let statement = Statement(
        "bench.enrollments",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, public_key)
        SELECT 'user-' || n, 'phone', key FROM unnest($1::text[]) WITH ORDINALITY AS g (key, n)
        """)
    var parameters: [Parameter] { [.texts(publicKeys)] }
}

struct IsAnyPending: PreparedStatement {
    static let statement = Statement(
        "bench.pending",
        "SELECT EXISTS (SELECT FROM countersign.enrollments WHERE status = 'pending') AS is_pending")

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_pending") }
}

/// Enrollments a second. The first batch is where the clock starts: it is not counted.
struct ReadEnrollRate: PreparedStatement {
    static let statement = Statement(
        "bench.enroll_rate",
        """
        SELECT count(*) FILTER (WHERE batch <> first)
               / nullif(date_part('epoch', max(at) - max(at) FILTER (WHERE batch = first)), 0) AS rate
        FROM (SELECT activated_at AS at, xmin::text AS batch,
                     first_value(xmin::text) OVER (ORDER BY activated_at) AS first FROM countersign.enrollments
              WHERE status = 'active') a
        """)

    static func decode(_ row: inout RowReader) throws -> Double { try row.double("rate") }
}
