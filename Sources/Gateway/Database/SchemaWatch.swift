import Administration
import Countersign
import Engine
import Logging
import Postgres
import ServiceLifecycle

/// Looks whether the database's schema is one that this program fits, and whether work waits for an operator after a
/// restore. Of the home it follows the log levels that operators set, too, and the time.
struct SchemaWatch: Service {
    enum Role: Sendable {
        /// Ends, and so ends the server, when the schema no longer fits.
        case home(isOnlyOne: Bool)
        /// Is not asked, and no more, while the schema does not fit or it is not the cell of that number.
        case cell(Int)

        /// Whether nobody is to wait for it while it is away: others are served meanwhile.
        var isOneOfSeveral: Bool {
            if case .home(isOnlyOne: true) = self { false } else { true }
        }
    }

    let pool: Pool
    let hold: WorkHold
    let role: Role
    let levels: LogLevels
    let clock: DatabaseClock
    let logger: Logger
    var interval = Duration.seconds(2)

    func run() async {
        await cancelWhenGracefulShutdown {
            repeat {
                do {
                    try await pool.withConnection { try await look(&$0) }
                    setAway(nil)
                } catch let error as SchemaRangeError {
                    guard case .cell = role else {
                        return logger.error(
                            "the schema does not fit; ending", metadata: ["error": "\(error)"])
                    }
                    setAway(error)
                } catch is PoolExhausted {
                    continue  // much is going on there: it is asked again
                } catch {
                    setAway(error)  // the database is away: it is asked again
                }
            } while (try? await Task.sleep(for: interval)) != nil
        }
    }

    private func look(_ connection: inout Connection) async throws {
        let time = try await connection.run(TellTime()).one()
        try await Program.schemaRange.check(&connection, schema: Program.schema)
        switch role {
        case .home:
            clock.set(time)
            _ = levels.replace(try await LogLevels.read(&connection))
        case .cell(let number):
            try await Cell(number: number).check(&connection)
        }
        hold.set(try await connection.run(ReadEpoch()).one().refuses)
    }

    private func setAway(_ error: (any Error)?) {
        guard role.isOneOfSeveral, !Task.isCancelled, hold.setAway(error != nil) else { return }
        var metadata: Logger.Metadata = [:]
        if case .cell(let number) = role { metadata["cell"] = "\(number)" }
        guard let error else { return logger.notice("the cell answers again", metadata: metadata) }
        metadata["error"] = "\(error)"
        logger.error("the cell does not answer; its portals get 503 until it does", metadata: metadata)
    }
}
