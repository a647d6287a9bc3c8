package import Countersign
import Glibc
package import Postgres

/// Looks at everything that can be wrong with an installation, and says what to do about it.
package struct Doctor: Sendable {
    /// Nil when no master key was given: then sealed values are not tried.
    private let sealer: Sealer?

    private let journal: Journal?

    package init(sealer: Sealer?, journal: Journal? = nil) { (self.sealer, self.journal) = (sealer, journal) }

    /// What the login may not look at is a warning, and everything else goes on. What is found twice is told once.
    package func examine(_ connection: inout Connection) async throws -> [Finding] {
        try await connection.execute(Self.plainSettings)
        let findings = try await examineAll(&connection)
        try await connection.execute(Self.ownSettings)
        var seen: Set<Finding> = []
        return findings.filter { seen.insert($0).inserted }
    }

    /// The server writes names, literals and intervals as the session's settings say, which database and login may set.
    private static let settings: [(name: String, value: String)] = [
        ("search_path", "pg_catalog, pg_temp"), ("quote_all_identifiers", "off"),
        ("standard_conforming_strings", "on"), ("intervalstyle", "postgres"), ("datestyle", "ISO"),
        ("extra_float_digits", "1"), ("bytea_output", "hex"),
    ]
    private static let plainSettings = settings.map { "SET \($0.name) = \($0.value)" }.joined(separator: "; ")
    private static let ownSettings = settings.map { "RESET \($0.name)" }.joined(separator: "; ")

    private func examineAll(_ connection: inout Connection) async throws -> [Finding] {
        var findings = try await Readiness.check(&connection)
        guard findings.count > 2 else { return findings }  // no schema to look at
        let installation = try await Installation.read(&connection)
        findings += try await look("migrations", &connection) { connection in
            try await MigrationRecord.findings(&connection)
        }
        findings += try await look("drift", &connection) { connection in
            try await SchemaDrift.findings(&connection, of: installation)
        }
        for check in DoctorCheck.allCases {
            findings += try await look(check.title, &connection) { connection in
                try await check.findings(&connection, of: installation)
            }
        }
        findings += try await look("display names", &connection) { connection in
            try await Self.displayNames(&connection)
        }
        findings += try await look("history", &connection) { connection in
            try await EpochCheck(journal: journal).findings(&connection)
        }
        findings += try await look("commits", &connection) { connection in
            try await LossyCommits.findings(&connection)
        }
        findings.append(try await clock(&connection))
        findings.append(await masterKey(&connection))
        return findings
    }

    /// A statement may have put there what `portal add` refuses.
    private static func displayNames(_ connection: inout Connection) async throws -> [Finding] {
        let portals = try await Portal.list(&connection)
        let alike = Dictionary(grouping: portals) { ShownName.skeleton(of: $0.displayName) }
        let found = portals.compactMap { portal -> Finding? in
            let others = alike[ShownName.skeleton(of: portal.displayName), default: []].map(\.name)
            let likeness = others.first { $0 != portal.name }.map { "looks like that of portal \($0)" }
            guard let fault = ShownName.fault(in: portal.displayName) ?? likeness else { return nil }
            return Finding(
                "display names", .warning, "the display name of portal \(portal.name) \(fault)",
                "Unless that is meant, give it another.",
                Remedy([
                    "UPDATE countersign.portals SET display_name = '\(portal.name)' WHERE name = '\(portal.name)';"
                ]))
        }
        return found.isEmpty ? [Finding("display names", .ok, "none can be taken for another")] : found
    }

    private func look(
        _ title: String, _ connection: inout Connection,
        _ findings: (inout Connection) async throws -> [Finding]
    ) async throws -> [Finding] {
        do {
            return try await findings(&connection)
        } catch let error as PostgresError where !error.isConnectionLoss {
            return [failed(title, error)]
        } catch MigrationError.database(let error) where !error.isConnectionLoss {
            return [failed(title, error)]
        }
    }

    private func failed(_ title: String, _ error: PostgresError) -> Finding {
        guard error.state == .insufficientPrivilege else { return Readiness.unreadable(title, error) }
        return Finding(
            title, .warning, "this login may not look",
            "Examine with the owner's login, or with an administrator's that is in pg_monitor, too.")
    }

    /// Half a round trip is the most that the question itself can be off.
    private func clock(_ connection: inout Connection) async throws -> Finding {
        let asked = Timestamp.now()
        let database = try await connection.run(ReadClock()).one().time
        let answered = Timestamp.now()
        let middle = asked.advanced(by: asked.duration(to: answered) / 2)
        let difference = abs(middle.duration(to: database) / .seconds(1))
        let sentence = "this machine and the database differ by \(Int(difference * 1_000)) ms"
        guard difference > 1 else { return Finding("clock", .ok, sentence) }
        return Finding(
            "clock", difference > 30 ? .error : .warning, sentence,
            "Set both by NTP: receivers compare the times of webhooks with their own.",
            Remedy(["timedatectl set-ntp true"], by: .shell))
    }

    private func masterKey(_ connection: inout Connection) async -> Finding {
        guard let sealer else {
            return Finding(
                "master key", .warning, "not given, so nothing sealed was opened",
                "Set COUNTERSIGN_MASTER_KEY as the workers have it, and examine again.")
        }
        do {
            try await sealer.checkMasterKey(&connection)
            return Finding("master key", .ok, "opens what is sealed")
        } catch let error as PostgresError {
            return Finding(
                "master key", .warning, "this login may not read what is sealed (\(error.state))",
                "Examine with an administrator's login.")
        } catch {
            return Finding(
                "master key", .error, "\(error)", "Give the keys that the secrets were sealed with.")
        }
    }
}
