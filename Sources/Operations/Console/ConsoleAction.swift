import Countersign
import Logging
import Postgres

/// What a button of the console stands for, made from the fields of its form.
struct ConsoleAction {
    let page: ConsolePage
    let action: OperatorAction

    /// Nil when it is no action, or when what was typed is none: then `problem` says what is allowed.
    static func read(_ fields: [String: String]) -> Result<ConsoleAction, AdministrationError>? {
        guard let page = fields["page"].flatMap(ConsolePage.init), let kind = fields["action"],
            let name = fields["name"]
        else { return nil }
        let value = fields["value"]?.filter { $0 != " " } ?? ""
        let number = Int(value)
        let stage = StageName(rawValue: name)
        let action: OperatorAction? =
            switch kind {
            case "pause-stage": stage.map { .pauseStage($0) }
            case "resume-stage": stage.map { .resumeStage($0) }
            case "batch-size" where value.isEmpty || number != nil: stage.map { .setBatchSize($0, number) }
            case "pause-portal": .pausePortal(name)
            case "resume-portal": .resumePortal(name)
            case "enable-portal": .enablePortal(name)
            case "disable-portal": .disablePortal(name)
            case "limit-portal": number.map { .limitPortal(name, $0) }
            case "drain-worker": Identifier(name).map { .drainWorker($0) }
            case "setting-on": Settings.Name(rawValue: name).map { .changeSetting($0, true) }
            case "setting-off": Settings.Name(rawValue: name).map { .changeSetting($0, false) }
            case "log-level" where value == "default": .setLogLevel(module: name, nil)
            case "log-level": Logger.Level(rawValue: value).map { .setLogLevel(module: name, $0) }
            default: nil
            }
        guard let action else {
            return .failure(.refused("'\(fields["value"] ?? name)' cannot be used here: a number is allowed"))
        }
        return .success(ConsoleAction(page: page, action: action))
    }
}
