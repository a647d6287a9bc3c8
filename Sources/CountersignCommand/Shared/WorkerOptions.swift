import Administration
import ArgumentParser
import Countersign
import Engine
import FoundationEssentials
import Glibc
import Logging
import Places
import Postgres
import Webhooks

/// What a worker does. Part of `work` and of `run`.
struct WorkerOptions: ParsableArguments {
    @Option(help: "Which stages to run, separated by commas. (default: all)")
    var stages: String?

    @Option(help: "Rows in a batch, 1 to 1000. (default: 500)")
    var batchSize: Int?

    @Option(
        help: ArgumentHelp(
            "A MaxMind DB file of cities or countries: prompts say where the visitor is.",
            discussion: "A new file that is put in its place is used within a minute.", valueName: "file"))
    var geoip: String?

    @OptionGroup var addresses: AddressOptions

    /// A worker that fits the database: the schema is one this program works on, and the keys open what is
    /// sealed. That is looked at before a row is taken. And what `/readyz` says of it.
    func worker(
        _ database: ConnectionOptions, _ environment: Environment, _ levels: LogLevels, _ logger: Logger,
        _ journal: Journal?
    ) async throws -> (worker: Worker, findings: @Sendable () -> [Finding]) {
        var configuration = WorkerConfiguration(
            database: database, host: ProcessInfo.processInfo.hostName, processID: getpid())
        configuration.logLevels = levels
        configuration.journal = journal
        if let stages = stages ?? environment.text("stages") {
            configuration.stages = try StageName.list(stages)
        }
        if let size = try batchSize ?? environment.value("batch-size") { configuration.batchSize = size }
        guard (1...1000).contains(configuration.batchSize) else {
            throw Failure(.usage, "--batch-size must lie between 1 and 1000, not \(configuration.batchSize)")
        }
        configuration.places = try (geoip ?? environment.text("geoip")).map {
            try Places(path: $0, logger: logger)
        }
        let sealer = Sealer(try environment.masterKeys())
        let dispatch = DispatchStage(
            sealer: sealer, policy: try addresses.policy(environment),
            trustRoots: try addresses.roots(environment))
        var connection = try await Connection.open(database)
        try await Program.schemaRange.check(&connection, schema: Program.schema)
        try await sealer.checkMasterKey(&connection)
        let worker = try Worker(configuration, sealer: sealer, dispatch: dispatch, logger: logger)
        guard configuration.stages.contains(.dispatch) else { return (worker, { [] }) }
        let unopened = dispatch.unopened
        return (worker, { [Readiness.masterKey(unopened: unopened.latest)] })
    }
}
