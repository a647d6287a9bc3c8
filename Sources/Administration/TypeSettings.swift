import Postgres

/// What a type asks of its requests, beside when they expire. What is nil stays as it is, or is the default.
struct TypeSettings: Sendable {
    var confirmCode: String?

    static let inputs = [
        ActionInput(
            "confirm-code", .option,
            help: "Whether the visitor types two digits that the phone shows: never, or always.",
            placeholder: "when", words: ["never", "always"])
    ]

    init(_ words: ActionWords) {
        confirmCode = words.optional("confirm-code")
    }

    init() {}

    var isEmpty: Bool { confirmCode == nil }

    /// In the order of the statements that take them.
    var parameters: [Parameter] { [Parameter(confirmCode)] }

    /// Of a form, for a type or a new one.
    static func fields(_ type: AuthenticationType?) -> [ActionButton.Field] {
        let words = type?.confirmCode == "always" ? ["always", "never"] : ["never", "always"]
        return [
            .init(name: "confirm-code", caption: "Confirmation number", kind: .choice(words))
        ]
    }
}
