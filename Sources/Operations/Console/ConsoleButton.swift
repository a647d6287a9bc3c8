import Administration
import Countersign
import Postgres

/// What the console's buttons do. The raw value is what their forms send.
package enum ConsoleButton: String, CaseIterable, Sendable {
    case pauseStage = "pause-stage"
    case resumeStage = "resume-stage"
    case batchSize = "batch-size"
    case pausePortal = "pause-portal"
    case resumePortal = "resume-portal"
    case enablePortal = "enable-portal"
    case disablePortal = "disable-portal"
    case limitPortal = "limit-portal"
    case drainWorker = "drain-worker"
    case switchOn = "setting-on"
    case switchOff = "setting-off"
    case logLevel = "log-level"
    case addType = "add-type"
    case removeType = "remove-type"
    case addCallback = "add-callback"
    case removeCallback = "remove-callback"
    case sendWebhook = "send-webhook"
    case replayWebhooks = "replay-webhooks"

    /// What its command would do with the same words: `name` is what it is about, `value` what is wanted of it. Throws
    /// `UnreadableInput` or `AdministrationError`, as the command does.
    func action(_ fields: [String: String]) throws -> OperatorAction {
        let name = (fields["name"] ?? "").trimmed
        let value = (fields["value"] ?? "").trimmed
        return switch self {
        case .pauseStage: .pauseStage(try StageName(typed: name))
        case .resumeStage: .resumeStage(try StageName(typed: name))
        case .batchSize:
            try .setBatchSize(StageName(typed: name), typed: value.isEmpty ? "default" : value)
        case .pausePortal: .pausePortal(name)
        case .resumePortal: .resumePortal(name)
        case .enablePortal: .enablePortal(name)
        case .disablePortal: .disablePortal(name)
        case .limitPortal: try .limitPortal(name, typed: value)
        case .drainWorker: try .drainWorker(typed: name)
        case .switchOn: .changeSetting(try Settings.Name(typed: name), true)
        case .switchOff: .changeSetting(try Settings.Name(typed: name), false)
        case .logLevel: try .setLogLevel(module: name, typed: value)
        case .addType: try addingType(name, fields)
        case .removeType: .removeType(name)
        case .addCallback: .addCallback(portal: name, url: value)
        case .removeCallback: .removeCallback(portal: name, url: value)
        case .sendWebhook: .retryWebhook(try transaction(name))
        case .replayWebhooks: try .replayWebhooks(portal: name, typed: value)
        }
    }

    private func addingType(_ name: String, _ fields: [String: String]) throws -> OperatorAction {
        let typed = (fields["seconds"] ?? "").trimmed
        guard let seconds = Int(typed.isEmpty ? "180" : typed) else {
            throw UnreadableInput("a request must expire in 30 to 600 seconds, not '\(typed)'")
        }
        let lines = (fields["value"] ?? "").split(whereSeparator: \.isNewline).map { String($0).trimmed }
        let messages = try lines.filter { !$0.isEmpty }.map { line in
            guard let message = AuthenticationType.Message(typed: line) else {
                throw UnreadableInput("a message is like en=Sign in to Acme, one a line, not '\(line)'")
            }
            return message
        }
        return .addType(name, expiresIn: seconds, messages)
    }

    private func transaction(_ id: String) throws -> Identifier {
        guard let id = Identifier(id) else {
            throw UnreadableInput("a transaction id is a UUID of 36 characters")
        }
        return id
    }
}

extension String {
    /// Without spaces around it, which browsers' users paste.
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
