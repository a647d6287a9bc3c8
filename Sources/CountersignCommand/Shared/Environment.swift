import Administration
import ArgumentParser
import Configuration
import Countersign
import FoundationEssentials

/// The process's environment. What is given as a flag `--x-y` wins over COUNTERSIGN_X_Y.
struct Environment {
    static let current = Environment(ProcessInfo.processInfo.environment)

    /// For libpq, which has names of its own: PGHOST and so on.
    let variables: [String: String]
    private let reader: ConfigReader

    init(_ variables: [String: String]) {
        self.variables = variables
        reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
    }

    /// The value of `flag`, as `batch-size`; nil when it is not set or empty.
    func text(_ flag: String) -> String? {
        text(path: ["countersign", flag])
    }

    /// The value of a flag that takes more than text. Fails with 78 when it cannot be read.
    func value<T: ExpressibleByArgument>(_ flag: String) throws -> T? {
        guard let text = text(flag) else { return nil }
        guard let value = T(argument: text) else {
            throw Failure(.configuration, "\(Self.variable(flag)) cannot be read: '\(text)'")
        }
        return value
    }

    /// A flag without a value: true, yes or 1 give it.
    func isOn(_ flag: String) throws -> Bool {
        guard let text = text(flag) else { return false }
        guard let isOn = switchPosition(text) else {
            throw Failure(.configuration, "\(Self.variable(flag)) must be true or false, not '\(text)'")
        }
        return isOn
    }

    var databaseURL: String? { text("database-url") ?? text(path: ["database", "url"]) }

    /// Throws `MasterKeyError`.
    func masterKeys() throws -> MasterKeys {
        try MasterKeys(text("master-key"))
    }

    /// Nothing read here is ever shown: some of it is secret.
    private func text(path: [String]) -> String? {
        let text = reader.string(forKey: ConfigKey(path), isSecret: true)
        return text?.isEmpty == false ? text : nil
    }

    /// `COUNTERSIGN_BATCH_SIZE` of `batch-size`.
    static func variable(_ flag: String) -> String {
        "COUNTERSIGN_" + flag.uppercased().replacing("-", with: "_")
    }
}
