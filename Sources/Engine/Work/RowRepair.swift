import Countersign
import Logging
import OpenPGP
import Postgres

/// Finds the rows that break batches by trying each alone. A row that fails is counted in its queue, where
/// batches pass it over, and tried again each second; after five tries it is given up.
struct RowRepair {
    static let triesAllowed = 5

    let repair: any Repair
    let logger: Logger
    let meters: StageMeters

    /// Tries each row that the failed batch would have taken.
    func run(_ connection: inout Connection, limit: Int) async throws {
        var suspects = repair.suspects
        if suspects.isEmpty {
            let next = FindClaimable(claim: repair.claim, lanes: repair.lanes, limit: limit)
            suspects = try await connection.run(next).all()
        }
        try await tryEach(suspects, &connection)
    }

    /// Tries the rows that failed before once more; returns whether there were any.
    func retryBroken(_ connection: inout Connection) async throws -> Bool {
        let broken = try await connection.run(FindBroken(claim: repair.claim)).all()
        try await tryEach(broken, &connection)
        return !broken.isEmpty
    }

    private func tryEach(_ keys: [Identifier], _ connection: inout Connection) async throws {
        for key in keys {
            meters.retried()
            do {
                try await repair.runAlone(key, &connection)
            } catch  where connection.isUsable {
                if !connection.isIdle { try await connection.execute("ROLLBACK") }
                try await count(key, error, &connection)
            }
        }
    }

    /// One that cannot even be given up, as where a page is damaged, keeps none of the others behind it from its turn.
    private func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        do {
            try await repair.giveUp(key, &connection)
        } catch  where connection.isUsable {
            if !connection.isIdle { try await connection.execute("ROLLBACK") }
            logger.error("row cannot be given up", metadata: ["key": "\(key)", "error": "\(error)"])
        }
    }

    private func count(_ key: Identifier, _ error: any Error, _ connection: inout Connection) async throws {
        var fields = await repair.subject(key, &connection)
        fields["error"] = "\(error)"
        logger.error("row failed", metadata: fields)
        guard isFaultOfRow(error) else { return }
        let counted = try await connection.run(CountFailure(claim: repair.claim, key: key))
        guard let tries = try counted.first(), tries >= Self.triesAllowed else { return }
        fields["tries"] = "\(tries)"
        logger.error("row given up", metadata: fields)
        try await giveUp(key, &connection)
    }
}

/// Whether a row's own data can be the cause: data exceptions, constraints, RAISE, our own refusals, a corrupted
/// page, a value that is not what this program expects, a key that does not open or cannot be used.
package func isFaultOfRow(_ error: any Error) -> Bool {
    guard let error = PostgresError(in: error) else {
        return error is DecodingFailure || error is SealingError || error is OpenPGPError
            || error is UnendedLeases
    }
    return switch error.state {
    case "22", "23", "P0", "CS", "XX": true
    default: false
    }
}
