/// What an account of the console may do: what those before it may, and more.
package enum ConsoleRole: String, Sendable, CaseIterable, Comparable {
    /// Looks, and sees no user. It may be bound to one portal, and then sees only what is that one's.
    case viewer
    /// Acts on what is under way: stages, workers, webhooks, pauses, log levels.
    case `operator`
    /// Sees users, and changes what is configured and who may do what.
    case admin

    package static func < (left: ConsoleRole, right: ConsoleRole) -> Bool { left.place < right.place }

    private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    static let allowed = allCases.map(\.rawValue).joined(separator: ", ")

    package init(typed text: String) throws(UnreadableInput) {
        guard let role = ConsoleRole(rawValue: text) else {
            throw UnreadableInput("there is no role '\(text)'; there is \(Self.allowed)")
        }
        self = role
    }
}

extension ConsoleRole {
    /// What the table holds. One that a newer program has written looks only.
    init(stored text: String) { self = ConsoleRole(rawValue: text) ?? .viewer }
}
