import Countersign
import Engine
import Logging
import Postgres
import ServiceLifecycle

/// One of the databases that the server serves portals of, and everything that speaks to it. They share nothing: whoever
/// waits for one of them holds up nobody in another.
final class GatewayCell: Sendable {
    /// What its ids carry, see `Identifier.cell`.
    let number: Int
    /// Wakes requests that wait.
    let listener: Notifier
    let signIns: SignIns
    let browsers: BrowserSignIns
    let origins: AllowedOrigins
    /// Nil where there is no API for apps.
    let devices: Devices?
    /// A service, which ends where the database no longer fits and is the only one or the home.
    let watch: SchemaWatch
    private let notifications: RowNotifications
    private let pool: Pool

    init(
        _ number: Int, _ options: ConnectionOptions, _ configuration: GatewayConfiguration,
        _ role: SchemaWatch.Role, _ clock: DatabaseClock, _ logger: Logger
    ) {
        self.number = number
        var listening = options
        listening.applicationName = "countersign gateway listener"
        listener = Notifier(listening)
        notifications = RowNotifications(listener)
        pool = Pool(
            Self.requestOptions(options), size: configuration.poolSize, onWait: PoolMeter("gateway").waited)
        let hold = WorkHold()
        watch = SchemaWatch(
            pool: pool, hold: hold, role: role, levels: configuration.logLevels, clock: clock, logger: logger)
        let database = GatewayDatabase(pool: pool, hold: hold)
        signIns = SignIns(
            database: database, gathered: GatheredSignIns(database), notifications: notifications)
        browsers = BrowserSignIns(signIns)
        origins = AllowedOrigins(database)
        devices = configuration.tokens.map { [notifications] rules in
            Devices(
                app: rules.app, database: database, notifications: notifications,
                journal: configuration.journal)
        }
    }

    /// Whether it is asked at all.
    var isAway: Bool { signIns.database.hold.isAway }

    /// Listens until the task is cancelled.
    func listen() async { await notifications.run() }

    /// Answers who waits, as things stand.
    func stopWaiting() { notifications.close() }

    func close() { pool.close() }

    /// Requests are short; none may hold a connection for long.
    static func requestOptions(_ options: ConnectionOptions) -> ConnectionOptions {
        var options = options
        options.applicationName = "countersign gateway"
        options.limitStatements(to: .seconds(10))
        options.needsWrites = true
        options.settings["lock_timeout"] = "\(GatewayDatabase.lockTimeout / .milliseconds(1))ms"
        // A plan that was made while the day's table was empty would read through it, see callers.sql.
        options.plan(without: ["seqscan"], keepingPlans: true)
        return options
    }
}
