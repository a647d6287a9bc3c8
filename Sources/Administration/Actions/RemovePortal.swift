import Countersign
package import Postgres

/// `countersign portal remove`.
package struct RemovePortal: OperatorAction {
    package static let command = "portal remove"
    package static let abstract = "Remove a portal that is disabled."
    package static let discussion = """
        With it go its callback addresses, client ids, secrets and the webhooks that wait, which it says before it \
        asks; a script gives --yes. Its requests and events stay for as long as they are kept. Refused while it is \
        enabled or has open requests. Its login loses the group, and stays: DROP ROLE in psql removes it.

        Examples:
          countersign portal disable acme
          countersign portal remove acme
          countersign portal remove acme --yes
        """
    package static let inputs = [Portal.input]
    package static let asks = true
    package static let event = "portal.removed"
    package static let statements: [any StatementFamily.Type] = [
        ReadPortalBelongings.self, DeletePortal.self,
    ]

    private let portal: String

    package init(_ words: ActionWords) { portal = words["portal"] }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject, !portal.isEnabled else { return nil }
        return ActionButton(
            "Remove", "portal \(portal.name)", ["portal": portal.name], fields: [.password],
            warning: "Its callback addresses, client ids, secrets and waiting webhooks go with it.")
    }

    package func warning(_ connection: inout Connection) async throws -> String {
        let id = try await Portal.identifier(of: portal, &connection)
        let goes = try await connection.run(ReadPortalBelongings(portalID: id)).one()
        return "portal \(portal) goes with \(goes)"
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let id = try await Portal.identifier(of: portal, &connection)
        let webhooks = try await connection.run(ReadPortalBelongings(portalID: id)).one().webhooks
        let freed = try await connection.run(DeletePortal(portalID: id)).one()
        let givenUp =
            webhooks == 0
            ? "" : "\ngave up \(counted(webhooks, "webhook that waited", "webhooks that waited"))"
        return "removed portal \(portal)\(givenUp)\n\(freed.sentence)"
    }
}

/// What goes with it.
struct PortalBelongings: RowReadable, CustomStringConvertible {
    let callbacks: Int
    let credentials: Int
    let webhooks: Int

    init(_ row: inout RowReader) throws {
        callbacks = try row.int("callbacks")
        credentials = try row.int("credentials")
        webhooks = try row.int("webhooks")
    }

    var description: String {
        [
            counted(callbacks, "callback address", "callback addresses"),
            counted(credentials, "client id", "client ids"),
            counted(webhooks, "webhook that waits", "webhooks that wait"),
        ].joined(separator: ", ")
    }
}

struct ReadPortalBelongings: PreparedStatement {
    let portalID: Int32

    typealias Output = PortalBelongings

    static let statement = Statement(
        "action.read_portal_belongings",
        "SELECT callbacks, credentials, webhooks FROM countersign.portal_belongings($1)")
    var parameters: [Parameter] { [.int32(portalID)] }
}

struct DeletePortal: PreparedStatement {
    let portalID: Int32

    static let statement = Statement(
        "action.remove_portal", "SELECT login, is_free FROM countersign.remove_portal($1)")
    var parameters: [Parameter] { [.int32(portalID)] }

    static func decode(_ row: inout RowReader) throws -> FreedLogin { try FreedLogin(&row) }
}

/// The login of what was removed.
struct FreedLogin: Sendable {
    private let name: String
    /// Of its group, which no other database uses.
    private let isFree: Bool

    init(_ row: inout RowReader) throws {
        name = try row.text("login")
        isFree = try row.bool("is_free")
    }

    var sentence: String {
        isFree
            ? "its login \(name) is in no group any more; DROP ROLE removes it"
            : "its login \(name) stays in its group, which another database uses, too"
    }
}

private func counted(_ number: Int, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
}
