package import Administration
import CoreMetrics
import Countersign
import HTTPService
import Hummingbird
import Logging
import Postgres

/// What machines ask for every few seconds: whether the process lives, can work, and what it has counted.
struct ProbeRoutes: Sendable {
    let pool: Pool
    let registry: MetricRegistry
    let listeners: [String: Notifier]
    let cells: OperationsServer.Cells
    let findings: @Sendable () -> [Finding]
    let logger: Logger

    var all: [Route] {
        [
            Route(.get, "/healthz") { _ in .text("ok\n") },
            Route(.get, "/readyz") { _ in await readiness() },
            Route(.get, "/metrics") { await metrics($0.headers[.accept]) },
        ]
    }

    /// 200 when this process can do its work, 503 when not; a line each thing that was looked at.
    private func readiness() async -> Response {
        var found: [Finding]
        do {
            found = try await pool.withConnection { try await Readiness.check(&$0) }
        } catch {
            found = [Readiness.unreachable(error)]
        }
        if !listeners.isEmpty { found.append(Readiness.listener(listeners.values.allSatisfy(\.isAlive))) }
        found += cells.findings() + findings()
        let isReady = found.allSatisfy { $0.grade != .error }
        return .text(found.map(\.line).joined(), isReady ? .ok : .serviceUnavailable)
    }

    /// What the process has counted is there also when the database is not.
    private func metrics(_ accept: String?) async -> Response {
        let exposition = Exposition(accept: accept)
        var families = registry.families
        families.append(Self.buildInfo)
        if !listeners.isEmpty { families.append(aliveListeners) }
        do {
            families += try await pool.withConnection { try await DatabaseFigures.read(&$0) }.families
            families.append(.gauge("countersign_database_up", [("", 1)]))
        } catch {
            logger.warning("metrics without the database", metadata: ["error": "\(error)"])
            families.append(.gauge("countersign_database_up", [("", 0)]))
        }
        let text = exposition.write(families.sorted { $0.name < $1.name })
        return .content(text, exposition.contentType)
    }

    private var aliveListeners: MetricFamily {
        let all = listeners.merging(cells.listeners) { own, _ in own }
        let alive = all.mapValues { $0.isAlive ? 1.0 : 0 }.sorted { $0.key < $1.key }
        return .gauge("countersign_listener_up", by: "listener", alive.map { ($0.key, $0.value) })
    }

    private static let buildInfo = MetricFamily(
        "countersign_build_info", .gauge,
        [
            .init(
                labels: [
                    .init(name: "version", value: Program.version),
                    .init(name: "number", value: "\(Program.number)"),
                ], value: 1)
        ])
}

extension Finding {
    /// `error default partitions: hold rows: events (3). Look why ...`
    package var line: String {
        "\(grade.rawValue) \(check): \(finding)" + (advice.isEmpty ? "" : ". \(advice)") + "\n"
    }
}
