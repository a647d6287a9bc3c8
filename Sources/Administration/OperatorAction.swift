package import Countersign
package import Logging
package import Postgres

/// Something that an operator does to a running installation. The command line and the console make the same value
/// and run it here: neither can do what the other cannot, and each change is an audit event.
package enum OperatorAction: Sendable, Hashable {
    case pauseStage(StageName)
    case resumeStage(StageName)
    /// Rows in a batch, 1 to 1,000; nil is what each worker was started with.
    case setBatchSize(StageName, Int?)
    case pausePortal(String)
    case resumePortal(String)
    case enablePortal(String)
    case disablePortal(String)
    /// Open requests at most, 1 to 100,000,000.
    case limitPortal(String, Int)
    case drainWorker(Identifier)
    case changeSetting(Settings.Name, Bool)
    /// Requests of that type expire after so many seconds, 30 to 600.
    case addType(String, expiresIn: Int, [AuthenticationType.Message])
    case removeType(String)
    /// Without Basic authentication: passwords are sealed, for which the command has the master key.
    case addCallback(portal: String, url: String)
    case removeCallback(portal: String, url: String)
    /// One delivery, dead, waiting or delivered.
    case retryWebhook(Identifier)
    /// Those of a portal that died since then.
    case replayWebhooks(portal: String, since: Since)
    /// nil is the level that the program was started with.
    case setLogLevel(module: String, Logger.Level?)
}

extension OperatorAction {
    /// Does it. Returns one sentence that says how things are now. Every worker obeys within two seconds.
    package func run(_ connection: inout Connection) async throws -> String {
        switch self {
        case .pauseStage(let stage): try await pause(stage, true, &connection)
        case .resumeStage(let stage): try await pause(stage, false, &connection)
        case .setBatchSize(let stage, let size): try await setBatchSize(size, of: stage, &connection)
        case .pausePortal(let name): try await pause(portal: name, true, &connection)
        case .resumePortal(let name): try await pause(portal: name, false, &connection)
        case .enablePortal(let name): try await enable(portal: name, true, &connection)
        case .disablePortal(let name): try await enable(portal: name, false, &connection)
        case .limitPortal(let name, let limit): try await setLimit(limit, of: name, &connection)
        case .drainWorker(let id): try await drain(id, &connection)
        case .changeSetting(let name, let value): try await change(name, to: value, &connection)
        case .addType(let name, let seconds, let messages):
            try await add(type: name, expiresIn: seconds, messages, &connection)
        case .removeType(let name): try await remove(type: name, &connection)
        case .addCallback(let portal, let url): try await add(callback: url, to: portal, &connection)
        case .removeCallback(let portal, let url): try await remove(callback: url, from: portal, &connection)
        case .retryWebhook(let id): try await retry(id, &connection)
        case .replayWebhooks(let portal, let since): try await replay(portal, since, &connection)
        case .setLogLevel(let module, let level): try await setLevel(level, of: module, &connection)
        }
    }

    private func pause(
        _ stage: StageName, _ isPaused: Bool, _ connection: inout Connection
    ) async throws -> String {
        let rows = try await connection.run(
            Self.pausingStage, [.text(stage.rawValue), .bool(isPaused)])
        return try sentence(
            "stage \(stage.rawValue) is \(isPaused ? "paused" : "running")", isChanged: rows[0].bool(0))
    }

    private func setBatchSize(
        _ size: Int?, of stage: StageName, _ connection: inout Connection
    ) async throws -> String {
        guard size.map({ (1...1_000).contains($0) }) ?? true else {
            throw AdministrationError.refused("a batch size must lie between 1 and 1000")
        }
        let rows = try await connection.run(
            Self.settingBatchSize, [.text(stage.rawValue), size.map { .int32(Int32($0)) } ?? .null])
        let what = size.map { "at most \($0) rows" } ?? "as large as each worker was started with"
        return try sentence("batches of \(stage.rawValue) are \(what)", isChanged: rows[0].bool(0))
    }

    private func pause(
        portal name: String, _ isPaused: Bool, _ connection: inout Connection
    ) async throws -> String {
        let rows = try await connection.run(Self.pausingPortal, [.text(name), .bool(isPaused)])
        guard let row = rows.first else { throw try await NamedThing.portal.unknown(name, &connection) }
        return try sentence("portal \(name) is \(isPaused ? "paused" : "running")", isChanged: row.bool(0))
    }

    private func enable(
        portal name: String, _ isEnabled: Bool, _ connection: inout Connection
    ) async throws -> String {
        let isChanged = try await Portal.setEnabled(isEnabled, name, &connection)
        return sentence("portal \(name) is \(isEnabled ? "enabled" : "disabled")", isChanged: isChanged)
    }

    private func setLimit(
        _ limit: Int, of name: String, _ connection: inout Connection
    ) async throws -> String {
        guard (1...100_000_000).contains(limit) else {
            throw AdministrationError.refused("a limit of open requests must lie between 1 and 100000000")
        }
        let rows = try await connection.run(Self.limitingPortal, [.text(name), .int32(Int32(limit))])
        guard let row = rows.first else { throw try await NamedThing.portal.unknown(name, &connection) }
        return try sentence(
            "portal \(name) may have \(limit) open requests", isChanged: row.bool(0))
    }

    private func drain(_ worker: Identifier, _ connection: inout Connection) async throws -> String {
        let rows = try await connection.run(Self.drainingWorker, [.identifier(worker)])
        guard let row = rows.first else {
            throw AdministrationError.refused(
                "there is no worker \(worker): `countersign worker list` shows those that there are")
        }
        return try sentence("worker \(worker) drains", isChanged: row.bool(0))
    }

    private func change(
        _ name: Settings.Name, to value: Bool, _ connection: inout Connection
    ) async throws -> String {
        let changed = try await Settings.change([name: value], &connection)
        return sentence("\(name.rawValue) is \(value)", isChanged: changed.contains(name))
    }

    /// What is wrong when no program has such a module. Also asked before the first of several levels is set.
    static func unknownModule(_ module: String) -> String? {
        guard !LogLevels.modules.contains(module) else { return nil }
        return "there is no module \(module); there is \(LogLevels.modules.joined(separator: ", "))"
    }

    private func setLevel(
        _ level: Logger.Level?, of module: String, _ connection: inout Connection
    ) async throws -> String {
        // Back to the start is for any: an older program may have known others.
        if level != nil, let problem = Self.unknownModule(module) {
            throw AdministrationError.refused(problem)
        }
        let rows = try await connection.run(Self.settingLogLevel, [.text(module), .init(level?.rawValue)])
        let what = level.map { "at \($0.rawValue)" } ?? "as the program was started"
        return try sentence("\(module) logs \(what)", isChanged: rows[0].bool(0))
    }

    private func sentence(_ state: String, isChanged: Bool) -> String {
        state + (isChanged ? "" : " already")
    }
}
