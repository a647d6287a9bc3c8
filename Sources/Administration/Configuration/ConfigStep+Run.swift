import Countersign
import FoundationEssentials
import Postgres

extension ConfigStep {
    func run(
        _ secrets: SecretSource, _ sealer: () throws -> Sealer, _ outcome: inout ConfigOutcome,
        _ connection: inout Connection
    ) async throws {
        switch act {
        case .action(let type, let words):
            let action = try type.init(ActionWords(words))
            outcome.sentences.append(try await action.run(&connection))
            outcome.journal.append(type.line(ActionWords(words)))
        case .addPortal(let name, let wanted):
            try await addPortal(name, wanted, secrets, try sealer(), &outcome, &connection)
        case .addApp(let name, let wanted):
            let password = try wanted[PortalsSection.password]?.value.map(secrets.need)
            let login = try await App.add(
                name, login: wanted["login"]?.value ?? name, password: password, &connection)
            outcome.show("added app \(name)", login, hasPassword: password == nil)
        case .addCallback(let portal, let url, let wanted):
            let credentials = try credentials(wanted, secrets)
            let action = AddCallback(
                portal: portal, url: url, try credentials.map { ($0, try sealer()) })
            outcome.sentences.append(try await action.run(&connection))
            outcome.journal.append(AddCallback.line(ActionWords(["portal": [portal], "url": [url]])))
        case .addClientID(let portal, let id):
            let new = try await PortalCredential.add(portal: portal, clientID: id, &connection)
            outcome.show(
                "added a client id to portal \(portal)",
                [("client_id", new.clientID), ("client_secret", new.secret)])
            outcome.journal.append(PortalCredential.line("add", portal: portal, clientID: new.clientID))
        case .removeClientID(let portal, let id):
            try await PortalCredential.remove(portal: portal, clientID: id, &connection)
            outcome.sentences.append("removed client id \(id) from portal \(portal)")
            outcome.journal.append(PortalCredential.line("remove", portal: portal, clientID: id))
        case .addSigningKey(let portal):
            let key = try await Portal.addSigningKey(portal, try sealer(), &connection)
            outcome.sentences.append("portal \(portal) signs webhooks with a key, too: \(key)")
            outcome.journal.append(Portal.signingKeyLine("add", portal: portal))
        case .removeSigningKey(let portal):
            _ = try await Portal.removeSigningKey(portal, &connection)
            outcome.sentences.append("removed the signing key of portal \(portal)")
            outcome.journal.append(Portal.signingKeyLine("remove", portal: portal))
        case .addOperator(let name, let wanted):
            let password = try await ConsoleAccount.add(
                name, try ConsoleRole(typed: wanted[OperatorsSection.role]?.value ?? ""),
                portal: wanted[OperatorsSection.portal]?.value, &connection)
            outcome.show("added operator \(name)", [("name", name), ("password", password)])
        case .limitWebhooks(let portal, let concurrency, let rate):
            _ = try await Portal.setWebhookLimits(portal, concurrency: concurrency, rate: rate, &connection)
            outcome.sentences.append("portal \(portal)'s receivers have another limit of webhooks")
        case .renamePortal(let portal, let displayName):
            try await Portal.rename(portal, displayName: displayName, &connection)
            outcome.sentences.append("portal \(portal) has another display name")
        case .refuse(let sentence):
            throw AdministrationError.refused(sentence)
        }
    }

    private func addPortal(
        _ name: String, _ wanted: ConfigTree, _ secrets: SecretSource, _ sealer: Sealer,
        _ outcome: inout ConfigOutcome, _ connection: inout Connection
    ) async throws {
        var draft = Portal.Draft(name: name, login: wanted["login"]?.value ?? name)
        draft.displayName = wanted["display-name"]?.value
        draft.password = try wanted[PortalsSection.password]?.value.map(secrets.need)
        let given = try wanted[PortalsSection.signingSecret]?.value.map(secrets.need)
        draft.secret = try given.map(Portal.readSecret)
        let added = try await Portal.add(draft, sealer, &connection)
        outcome.show(
            "added portal \(name)", added.login, hasPassword: draft.password == nil,
            secret: given == nil ? added.signingSecret : nil)
    }

    private func credentials(_ wanted: ConfigTree, _ secrets: SecretSource) throws -> BasicCredentials? {
        switch (wanted["username"]?.value, wanted[PortalsSection.password]?.value) {
        case (nil, nil): nil
        case (let username?, let reference?):
            try BasicCredentials(username: username, password: try secrets.need(reference))
        default:
            throw AdministrationError.refused("username and password belong together: give both or neither")
        }
    }
}

extension ConfigOutcome {
    fileprivate mutating func show(_ sentence: String, _ facts: [(name: String, value: String)]) {
        shown.append(ShownOnce(sentence, facts, "What is secret is shown only now."))
    }

    /// What was made up, which nobody else has, is shown this once.
    fileprivate mutating func show(
        _ sentence: String, _ login: Login, hasPassword: Bool, secret: String? = nil
    ) {
        var facts = [(name: "login", value: login.name)]
        if hasPassword, let password = login.password { facts.append(("password", password)) }
        if let secret { facts.append(("signing_secret", secret)) }
        guard facts.count > 1 else { return sentences.append(sentence) }
        show(sentence, facts)
    }
}
