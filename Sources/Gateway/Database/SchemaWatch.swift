import Countersign
import Engine
import Logging
import Postgres
import ServiceLifecycle

/// Ends, and so ends the server, when the database's schema is one that this program no longer fits. Follows the log
/// levels that operators set, too, the database's time, and whether work waits for an operator after a restore.
struct SchemaWatch: Service {
    let pool: Pool
    let hold: WorkHold
    let levels: LogLevels
    let clock: DatabaseClock
    let logger: Logger
    var interval = Duration.seconds(2)

    func run() async {
        await cancelWhenGracefulShutdown {
            repeat {
                do {
                    try await pool.withConnection { connection in
                        clock.set(try await connection.run(TellTime()).one())
                        try await Program.schemaRange.check(&connection, schema: Program.schema)
                        _ = levels.replace(try await LogLevels.read(&connection))
                        hold.set(try await connection.run(ReadEpoch()).one().refuses)
                    }
                } catch let error as SchemaRangeError {
                    return logger.error("the schema does not fit; ending", metadata: ["error": "\(error)"])
                } catch {
                    continue  // the database is away: it is asked again
                }
            } while (try? await Task.sleep(for: interval)) != nil
        }
    }
}
