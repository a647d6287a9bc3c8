package import Postgres

/// `countersign portal limit`.
package struct LimitPortal: OperatorAction {
    package static let command = "portal limit"
    package static let abstract = "Change how many open requests a portal may have."
    package static let discussion = """
        Beyond it new requests are refused with CS008. The count is taken once a second, so the limit is soft.

        Example:
          countersign portal limit acme 5000
        """
    package static let inputs = [
        Portal.input, ActionInput("limit", help: "1 to 100000000; a new portal has 100000."),
    ]
    package static let event = "portal.limited"
    package static let statements: [any StatementFamily.Type] = [SetColumn.self]

    private let portal: String
    private let limit: Int32

    package init(_ words: ActionWords) throws {
        portal = words["portal"]
        guard let limit = Int(words["limit"]) else {
            throw UnreadableInput(
                "a limit of open requests is a number from 1 to 100000000, not '\(words["limit"])'")
        }
        guard (1...100_000_000).contains(limit) else {
            throw AdministrationError.refused("a limit of open requests must lie between 1 and 100000000")
        }
        self.limit = Int32(limit)
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject else { return nil }
        return ActionButton(
            "Set", "limit of open requests of \(portal.name)", ["portal": portal.name],
            fields: [.init(name: "limit", caption: "Limit", value: "\(portal.maxOpenRequests)", size: 9)])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let change = SetColumn(column: .portalLimit, name: portal, value: .int32(limit))
        return sentence(
            "portal \(portal) may have \(limit) open requests", isChanged: try await change.run(&connection))
    }
}
