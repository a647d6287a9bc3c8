/// One button with the fields that belong to it. A form has one button, so that Enter in a field presses that one.
struct ConsoleForm {
    struct Field {
        enum Kind: Sendable { case hidden, line, lines, choice([String]) }

        let name: String
        let caption: String
        var value = ""
        /// Shown while it is empty.
        var hint = ""
        var kind = Kind.line
        var size = 12

        fileprivate var isHidden: Bool {
            if case .hidden = kind { true } else { false }
        }
    }

    let button: ConsoleButton
    /// What stands on the button.
    let label: String
    /// What it is about, so that buttons that read alike can be told apart by ear: "stage issue".
    let object: String
    var fields: [Field]
    /// What it takes with it: then it asks first.
    var warning: String?

    /// About the thing of that name.
    init(
        _ button: ConsoleButton, _ label: String, _ object: String, name: String, _ fields: [Field] = [],
        warning: String? = nil
    ) {
        (self.button, self.label, self.object, self.warning) = (button, label, object, warning)
        self.fields = [Field(name: "name", caption: "", value: name, kind: .hidden)] + fields
    }

    /// About something that is typed, too.
    init(_ button: ConsoleButton, _ label: String, _ object: String, _ fields: [Field]) {
        (self.button, self.label, self.object, self.fields) = (button, label, object, fields)
    }

    /// Of its button.
    var id: String {
        let subject = fields.filter(\.isHidden).map(\.value)
        return ([button.rawValue] + subject).joined(separator: "-")
    }

    /// For the template `form`. What was refused stands in it again, with the reason beside it.
    func content(_ refusal: Refusal?) -> [String: Any] {
        let refusal = refusal.flatMap { $0.form == id ? $0 : nil }
        let visible = fields.first { !$0.isHidden }
        return [
            "form": id, "action": button.rawValue, "label": label, "object": object,
            "pressed": warning == nil ? label : "Yes, \(label.prefix(1).lowercased())\(label.dropFirst())",
            "warning": warning ?? "", "asks": warning != nil, "problem": refusal?.sentence ?? "",
            "refused": refusal != nil,
            "fields": fields.map { field in
                field.content(
                    form: id, typed: refusal?.fields[field.name],
                    isRefused: refusal != nil && field.name == visible?.name)
            },
        ]
    }
}

/// What the console did not do, and why: the sentence stands beside the form that asked for it.
struct Refusal {
    let form: String
    let sentence: String
    let fields: [String: String]
}

extension ConsoleForm.Field {
    fileprivate func content(form: String, typed: String?, isRefused: Bool) -> [String: Any] {
        let value = typed ?? value
        var options: [[String: Any]] = []
        var (isLine, isLines) = (false, false)
        switch kind {
        case .hidden: break
        case .line: isLine = true
        case .lines: isLines = true
        case .choice(let words): options = words.map { ["word": $0, "chosen": $0 == value] }
        }
        return [
            "field": name, "caption": caption, "value": value, "hint": hint, "size": size,
            "input": "\(form)-\(name)", "isHidden": isHidden, "isLine": isLine, "isLines": isLines,
            "isChoice": !options.isEmpty, "options": options, "isWrong": isRefused,
        ]
    }
}
