package import Countersign
import Logging
import Postgres

/// Something that was typed does not have the form that is needed. The description says which form that is.
package struct UnreadableInput: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ sentence: String) { description = sentence }
}

/// Actions from what operators type, on the command line and in the console: the same is taken and refused.
extension OperatorAction {
    /// `default` leaves it to the workers again.
    package static func setBatchSize(
        _ stage: StageName, typed size: String
    ) throws(UnreadableInput) -> OperatorAction {
        if size == "default" { return .setBatchSize(stage, nil) }
        guard let rows = Int(size) else {
            throw UnreadableInput("a batch size is a number from 1 to 1000, or default, not '\(size)'")
        }
        return .setBatchSize(stage, rows)
    }

    package static func limitPortal(
        _ name: String, typed limit: String
    ) throws(UnreadableInput) -> OperatorAction {
        guard let limit = Int(limit) else {
            throw UnreadableInput(
                "a limit of open requests is a number from 1 to 100000000, not '\(limit)'")
        }
        return .limitPortal(name, limit)
    }

    package static func drainWorker(typed id: String) throws(UnreadableInput) -> OperatorAction {
        guard let worker = Identifier(id) else {
            throw UnreadableInput("a worker's id is a UUID, not '\(id)'")
        }
        return .drainWorker(worker)
    }

    /// `default` is as the program was started.
    package static func setLogLevel(
        module: String, typed level: String
    ) throws(UnreadableInput) -> OperatorAction {
        if level == "default" { return .setLogLevel(module: module, nil) }
        guard let known = Logger.Level(rawValue: level) else {
            let allowed = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw UnreadableInput("there is no level '\(level)'; there is \(allowed), default")
        }
        if let problem = unknownModule(module) { throw UnreadableInput(problem) }
        return .setLogLevel(module: module, known)
    }

    package static func replayWebhooks(
        portal: String, typed since: String
    ) throws(UnreadableInput) -> OperatorAction {
        guard let start = Since(argument: since) else {
            throw UnreadableInput("--since must be \(Since.allowed), not '\(since)'")
        }
        return .replayWebhooks(portal: portal, since: start)
    }
}

extension StageName {
    package init(typed name: String) throws(UnreadableInput) {
        guard let stage = StageName(rawValue: name) else {
            let allowed = StageName.allCases.map(\.rawValue).joined(separator: ", ")
            throw UnreadableInput("there is no stage '\(name)'; there is \(allowed)")
        }
        self = stage
    }
}

extension Settings.Name {
    package init(typed name: String) throws(AdministrationError) {
        guard let known = Settings.Name(rawValue: name) else {
            let names = Settings.Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw .refused("there is no setting \(name); there is \(names)")
        }
        self = known
    }
}

extension AuthenticationType.Message {
    /// `en=Sign in to Acme`; nil for what is not like that.
    package init?(typed text: String) {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else { return nil }
        self.init(language: String(text[..<sign]), text: String(text[sign...].dropFirst()))
    }
}
