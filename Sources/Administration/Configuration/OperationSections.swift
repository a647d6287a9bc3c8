import Countersign
import Logging
import Postgres

/// What every worker was told about a stage.
enum StagesSection: ConfigSection {
    static let name = "stages"
    static let shape = ConfigShape.record(
        StageName.allCases.map { ($0.rawValue, .record([("paused", .onOff), (batchSize, .number)])) })

    private static let batchSize = "batch-size"

    static func read(_: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        .parts(
            try await StageControl.list(&connection).map { control in
                let size = control.batchSize.map { "\($0)" } ?? "default"
                return .init(
                    name: control.stage, tree: ConfigTree(["paused": "\(control.isPaused)", batchSize: size]))
            })
    }

    static func steps(for stage: String, from old: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        (new ?? .empty).changes(from: old).map { key, value in
            let path = [name, stage, key]
            guard key == "paused" else {
                return ConfigStep(path, SetBatchSize.self, ["stage": stage, "size": value])
            }
            return ConfigStep(path, value == "true" ? PauseStage.self : ResumeStage.self, ["stage": stage])
        }
    }
}

/// Modules that do not log as their programs were started.
enum LogLevelsSection: ConfigSection {
    static let name = "log-levels"
    static let shape = ConfigShape.named(.value(words: Logger.Level.allCases.map(\.rawValue)))

    static func read(_: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        .parts(try await LogLevel.list(&connection).map { .init(name: $0.module, tree: .value($0.level)) })
    }

    static func steps(for module: String, from _: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        let level = new?.value ?? "default"
        return [
            ConfigStep(
                [name, module], SetLogLevels.self, ["level": "\(module)=\(level)"], removes: new == nil)
        ]
    }
}

/// Accounts of the console. A new one gets a password that is shown once.
enum OperatorsSection: ConfigSection {
    static let name = "operators"
    static let shape = ConfigShape.named(
        .whole([(role, .value(words: ConsoleRole.allCases.map(\.rawValue))), (portal, .text)]))

    static let role = "role"
    static let portal = "portal"

    static func read(_: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        .parts(
            try await ConsoleAccount.list(&connection).map { account in
                var tree = ConfigTree([role: account.role.rawValue])
                tree[portal] = account.portal.map { .value($0) }
                return .init(name: account.name, tree: tree)
            })
    }

    static func steps(for account: String, from old: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        let path = [name, account]
        guard let new else {
            return [ConfigStep(path, RemoveOperator.self, ["operator": account], removes: true)]
        }
        guard let role = new[role]?.value else {
            return [ConfigStep(path: path, act: .refuse("an account needs a role"))]
        }
        if old == nil { return [ConfigStep(path: path, act: .addOperator(account, new))] }
        var words = ["operator": account, Self.role: role]
        words[portal] = new[portal]?.value
        return [ConfigStep(path, SetOperator.self, words)]
    }
}
