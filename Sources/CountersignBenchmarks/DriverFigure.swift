import Postgres

/// What our own driver, by which all clients here speak, costs beside bare libpq: round trips of `SELECT 1`.
struct DriverFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        guard let pgbench = Pgbench() else { return [] }
        let login = bench.installation.portals[0].login
        var ours: [Double] = []
        var bare: [Double] = []
        for _ in 0..<bench.scale.rounds {
            ours.append(try await roundTrips(login, bench))
            bare.append(try await pgbench.run("SELECT 1", url: bench.database.url(login), times: 40_000))
        }
        return [
            ReportRow(
                figure: "driver", title: "round trips by one Connection; by pgbench, which is bare libpq",
                unit: .perSecond,
                ours: Spread(ours), reference: Spread(bare), target: .none)
        ]
    }

    private func roundTrips(_ login: BenchLogin, _ bench: Bench) async throws -> Double {
        var connection = try await bench.database.connect(as: login)
        let start = ContinuousClock.now
        var count = 0
        while start.duration(to: .now) < .seconds(1) {
            try await connection.run(SelectOne())
            count += 1
        }
        return Double(count) / (start.duration(to: .now) / .seconds(1))
    }
}

struct SelectOne: PreparedStatement {
    static let statement = Statement("one", "SELECT 1 AS one")

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("one") }
}
