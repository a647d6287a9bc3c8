package import Postgres

/// `countersign portal password`.
package struct RenewPortalPassword: SecretAction {
    package static let command = "portal password"
    package static let abstract = "Give a portal's login a new password and print it, this once."
    package static let discussion = """
        The old one opens no more sessions; those that are open go on. For the secret that signs webhooks see \
        `countersign portal rotate-secret`.

        Examples:
          countersign portal password acme
          countersign portal password acme --json
        """
    package static let inputs = [Portal.input]
    package static let event = "portal.password_changed"
    package static let statements: [any StatementFamily.Type] = [SetLoginPassword.self]

    private let portal: String

    package init(_ words: ActionWords) { portal = words["portal"] }

    /// Who has the password acts as the portal.
    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject else { return nil }
        return ActionButton(
            "New password", "portal \(portal.name)", ["portal": portal.name], fields: [.password],
            warning:
                "Its database login \(portal.login) gets a new password; the old one opens no more sessions.")
    }

    package func make(_ connection: inout Connection) async throws -> ShownOnce {
        let found = try await Portal.list(&connection).first { $0.name == portal }
        let login = try await NamedThing.portal.found(found, portal, &connection).login
        return try await .newPassword(of: login, "portal \(portal)", &connection)
    }
}

/// `countersign app password`.
package struct RenewAppPassword: SecretAction {
    package static let command = "app password"
    package static let abstract = "Give an app's login a new password and print it, this once."
    package static let discussion = """
        The old one opens no more sessions; those that are open go on.

        Examples:
          countersign app password mobile
          countersign app password mobile --json
        """
    package static let inputs = [App.input]
    package static let event = "app.password_changed"
    package static let statements: [any StatementFamily.Type] = []

    private let app: String

    package init(_ words: ActionWords) { app = words["app"] }

    /// Who has the password says who the app's users are.
    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .app(let app) = subject else { return nil }
        return ActionButton(
            "New password", "app \(app.name)", ["app": app.name], fields: [.password],
            warning:
                "Its database login \(app.login) gets a new password; the old one opens no more sessions.")
    }

    package func make(_ connection: inout Connection) async throws -> ShownOnce {
        let found = try await App.list(&connection).first { $0.name == app }
        let login = try await NamedThing.app.found(found, app, &connection).login
        return try await .newPassword(of: login, "app \(app)", &connection)
    }
}

/// `countersign operator password`.
package struct RenewOperatorPassword: SecretAction {
    package static let command = "operator password"
    package static let abstract = "Give an account a new password and print it, this once."
    package static let discussion = """
        Be sure of who asks for it. Its sessions end at once, and its second factor goes, which the old password \
        seals: a new one is set up on the console's page Account.

        Examples:
          countersign operator password alice
          countersign operator password alice --json
        """
    package static let inputs = [ActionInput("operator", help: "The operator's name.", placeholder: "name")]
    package static let event = "operator.changed"
    package static let statements: [any StatementFamily.Type] = []

    private let name: String

    package init(_ words: ActionWords) { name = words["operator"] }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .account(let account) = subject else { return nil }
        return ActionButton(
            "New password", "account \(account.name)", ["operator": account.name], fields: [.password],
            warning: "Its sessions end, and its second factor goes.")
    }

    package func make(_ connection: inout Connection) async throws -> ShownOnce {
        let password = try await ConsoleAccount.renewPassword(name, &connection)
        return ShownOnce(
            "operator \(name) has a new password", [("name", name), ("password", password)],
            "The password is shown only now.")
    }
}

extension ShownOnce {
    fileprivate static func newPassword(
        of login: String, _ owner: String, _ connection: inout Connection
    ) async throws -> ShownOnce {
        let password = try await Login.renewPassword(of: login, &connection)
        return ShownOnce(
            "\(owner) has a new password", [("login", login), ("password", password)],
            "The password is shown only now.")
    }
}
