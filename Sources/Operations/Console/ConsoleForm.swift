import Administration

/// An action's button as the template `form` shows it, with the fields that belong to it. A form has one button, so that
/// Enter in a field presses that one.
struct ConsoleForm {
    private let action: String
    private let button: ActionButton
    /// Of its button in the page: the action, and what it is about.
    private let id: String

    /// Nil when the action has no button beside that.
    init?(_ action: any OperatorAction.Type, on subject: ActionSubject) {
        guard let button = action.button(on: subject) else { return nil }
        (self.action, self.button) = (action.name, button)
        // What it is about as a whole has too many words for a name.
        let words = button.words.map(\.word).filter { !$0.contains("\n") }
        id = ([action.name] + (words.isEmpty && !button.words.isEmpty ? ["all"] : words)).joined(
            separator: "-")
    }

    /// What was refused stands in it again, with the reason beside it.
    func content(_ refusal: Refusal?) -> [String: Any] {
        let refusal = refusal.flatMap { $0.form == id ? $0 : nil }
        let (label, warning) = (button.label, button.warning)
        let words = button.words.map { word -> [String: Any] in
            ["field": word.name, "value": word.word, "isHidden": true]
        }
        let fields = button.fields.enumerated().map { index, field in
            field.content(
                form: id, typed: refusal?.fields[field.name], isRefused: refusal != nil && index == 0)
        }
        return [
            "form": id, "action": action, "label": label, "object": button.object,
            "pressed": warning == nil ? label : "Yes, \(label.prefix(1).lowercased())\(label.dropFirst())",
            "warning": warning ?? "", "asks": warning != nil, "title": button.title ?? label,
            "opens": warning != nil || button.title != nil, "problem": refusal?.sentence ?? "",
            "refused": refusal != nil, "fields": words + fields,
        ]
    }
}

/// What the console did not do, and why: the sentence stands beside the form that asked for it.
struct Refusal {
    let form: String
    let sentence: String
    let fields: [String: String]
}

extension ActionButton.Field {
    fileprivate func content(form: String, typed: String?, isRefused: Bool) -> [String: Any] {
        // What is secret is typed again.
        let value = if case .password = kind { "" } else { typed ?? value }
        var options: [[String: Any]] = []
        var (isLine, isLines, isSecret) = (false, false, false)
        switch kind {
        case .line: isLine = true
        case .lines: isLines = true
        case .password: isSecret = true
        case .choice(let words): options = words.map { ["word": $0, "chosen": $0 == value] }
        }
        return [
            "field": name, "caption": caption, "value": value, "hint": hint, "size": size,
            "input": "\(form)-\(name)", "isHidden": false, "isLine": isLine, "isLines": isLines,
            "isSecret": isSecret,
            "isChoice": !options.isEmpty, "options": options, "isWrong": isRefused,
        ]
    }
}
