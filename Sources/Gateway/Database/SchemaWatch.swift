import Countersign
import Logging
import Postgres
import ServiceLifecycle

/// Ends, and so ends the server, when the database's schema is one that this program no longer fits. Follows the log
/// levels that operators set, too.
struct SchemaWatch: Service {
    let pool: Pool
    let levels: LogLevels
    let logger: Logger
    var interval = Duration.seconds(2)

    func run() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil {
                do {
                    try await pool.withConnection { connection in
                        try await Program.schemaRange.check(&connection, schema: Program.schema)
                        _ = levels.replace(try await LogLevels.read(&connection))
                    }
                } catch let error as SchemaRangeError {
                    return logger.error("the schema does not fit; ending", metadata: ["error": "\(error)"])
                } catch {
                    continue  // the database is away: it is asked again
                }
            }
        }
    }
}
