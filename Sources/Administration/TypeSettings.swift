import Postgres

/// What a type asks of its requests, beside when they expire. What is nil stays as it is, or is the default.
struct TypeSettings: Sendable {
    var confirmCode: String?
    /// Seconds; 0 is none.
    var codeRotation: Int32?

    static let inputs = [
        ActionInput(
            "confirm-code", .option,
            help: "Whether the visitor types two digits that the phone shows: never, or always.",
            placeholder: "when", words: ["never", "always"]),
        ActionInput(
            "code-rotation", .option,
            help: "How long a code is shown before the next one: 1 to 60, or 0 when it stays the same.",
            placeholder: "seconds"),
    ]

    init(_ words: ActionWords) throws {
        confirmCode = words.optional("confirm-code")
        codeRotation = try words.optional("code-rotation").map { typed in
            guard let seconds = Int32(typed) else {
                throw UnreadableInput(
                    "a code is shown for 1 to 60 seconds, or 0 for all of them, not '\(typed)'")
            }
            return seconds
        }
    }

    init() {}

    var isEmpty: Bool { confirmCode == nil && codeRotation == nil }

    /// In the order of the statements that take them.
    var parameters: [Parameter] { [Parameter(confirmCode), codeRotation.map(Parameter.int32) ?? .null] }

    /// Of a form, for a type or a new one.
    static func fields(_ type: AuthenticationType?) -> [ActionButton.Field] {
        let words = type?.confirmCode == "always" ? ["always", "never"] : ["never", "always"]
        return [
            .init(name: "confirm-code", caption: "Confirmation number", kind: .choice(words)),
            .init(
                name: "code-rotation", caption: "Code changes every (1 to 60 s, 0: never)",
                value: "\(type?.codeRotation?.components.seconds ?? 0)", size: 5),
        ]
    }
}
