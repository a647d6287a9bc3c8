package import Postgres

/// `countersign portal set`.
package struct SetPortal: OperatorAction {
    package static let command = "portal set"
    package static let abstract = "Choose which ends of a portal's requests call back."
    package static let discussion = """
        A webhook is sent for a request that names a callback_uri, if it ends so. Whatever end it has, NOTIFY and \
        auth_results tell it. Holds for what ends from now on; what waits to be sent is sent.

        Examples:
          countersign portal set acme --notify-on authenticated,denied
          countersign portal set acme --notify-on all
          countersign portal set acme --notify-on none
        """
    package static let inputs = [
        Portal.input,
        ActionInput(
            "notify-on", .requiredOption, help: "\(NotifiedEnds.allowed). A new portal has all.",
            placeholder: "ends"),
    ]
    package static let event = "portal.changed"
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

    private let portal: String
    private let ends: NotifiedEnds

    package init(_ words: ActionWords) throws {
        portal = words["portal"]
        ends = try NotifiedEnds(typed: words["notify-on"])
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject else { return nil }
        return ActionButton(
            "Set", "webhooks of \(portal.name)", ["portal": portal.name],
            fields: [.init(name: "notify-on", caption: "Webhooks for", value: portal.notifiedEnds, size: 24)],
            title: "Webhooks")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let change = SetColumn(column: .portalNotifyOn, name: portal, value: .texts(ends.words))
        return sentence(
            "webhooks of portal \(portal) are sent for \(ends)", isChanged: try await change.run(&connection))
    }
}

/// The ends of requests whose webhooks are sent, in one order: the form in which two can be compared.
struct NotifiedEnds: Sendable, CustomStringConvertible {
    static let all = ["authenticated", "denied", "expired", "cancelled", "failed"]
    static let allowed =
        "authenticated, denied, expired, cancelled and failed, as many as are wanted with commas; all; or none"

    let words: [String]

    init(stored words: [String]) { self.words = Self.all.filter(words.contains) }

    /// Throws what is allowed instead.
    init(typed text: String) throws(UnreadableInput) {
        let words = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        switch words {
        case ["all"]: self.init(stored: Self.all)
        case ["none"]: self.init(stored: [])
        case let some where !some.isEmpty && some.allSatisfy(Self.all.contains): self.init(stored: some)
        default: throw UnreadableInput("the ends that call back are \(Self.allowed), not '\(text)'")
        }
    }

    var description: String {
        switch words {
        case Self.all: "all"
        case []: "none"
        default: words.joined(separator: ",")
        }
    }
}
