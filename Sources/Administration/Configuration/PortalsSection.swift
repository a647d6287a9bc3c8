import Countersign
import Postgres

/// Portals with their callback addresses, origins, client ids and limits. Their secrets are none of it, but for those that a new one gets.
enum PortalsSection: ConfigSection {
    static let name = "portals"
    static let shape = ConfigShape.named(
        .record([
            ("display-name", .text), ("login", .text), (password, .secret), (signingSecret, .secret),
            ("enabled", .onOff), ("paused", .onOff), (openRequests, .number), (startsPerSource, .number),
            (notifyOn, .ends), ("webhook-concurrency", .number), ("webhook-rate", .number),
            (signingKey, .onOff), (callbacks, .named(.whole([("username", .text), (password, .secret)]))),
            (origins, .named(.whole([]))), (clientIDs, .named(.whole([]))),
        ]))

    static let password = "password"
    static let signingSecret = "signing-secret"
    static let callbacks = "callbacks"
    private static let signingKey = "signing-key"
    private static let origins = "origins"
    private static let clientIDs = "client-ids"
    private static let openRequests = "open-requests"
    private static let startsPerSource = "starts-per-source"
    private static let notifyOn = "notify-on"

    static func read(_ state: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        state.passwords = try await connection.run(ListConfiguredCallbacks()).all()
        let addresses = Dictionary(grouping: state.passwords, by: \.portal)
        let pages = Dictionary(grouping: try await BrowserOrigin.list(&connection), by: \.portal)
        let clients = Dictionary(
            grouping: try await PortalCredential.list(portal: nil, &connection), by: \.portal)
        let portals = try await connection.run(ListConfiguredPortals()).all().map { portal in
            var portal = portal
            portal.tree[callbacks] = addresses[portal.name].map(tree)
            portal.tree[origins] = named(pages[portal.name]?.map(\.origin))
            portal.tree[clientIDs] = named(clients[portal.name]?.map(\.clientID))
            return portal
        }
        return .parts(portals)
    }

    private static func tree(_ addresses: [ConfiguredCallback]) -> ConfigTree {
        .parts(
            addresses.enumerated().map { number, address in
                let credentials = address.username.map {
                    ConfigTree(["username": $0, password: reference(address.portal, number)])
                }
                return .init(name: address.url, tree: credentials ?? .empty)
            })
    }

    private static func named(_ names: [String]?) -> ConfigTree? {
        names.map { .parts($0.map { .init(name: $0, tree: .empty) }) }
    }

    /// A name for a password that stands sealed in the database, which whoever takes the file elsewhere has to set.
    private static func reference(_ portal: String, _ number: Int) -> String {
        let stem = portal.uppercased().replacing("-", with: "_") + "_CALLBACK_PASSWORD"
        return "env:\(stem)" + (number == 0 ? "" : "_\(number + 1)")
    }

    static func steps(for portal: String, from old: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        let path = [name, portal]
        guard let new else { return [ConfigStep(path, RemovePortal.self, ["portal": portal], removes: true)] }
        let added = old == nil ? [ConfigStep(path: path, act: .addPortal(portal, new))] : []
        let changed = new.changes(from: old).compactMap { key, value in
            act(portal, key, value, isNew: old == nil).map { ConfigStep(path: path + [key], act: $0) }
        }
        return added + changed + sourceSteps(portal, old, new)
            + addressSteps(portal, old?[callbacks], new[callbacks])
            + originSteps(portal, old?[origins], new[origins])
            + clientSteps(portal, old?[clientIDs], new[clientIDs])
    }

    private static func act(_ portal: String, _ key: String, _ value: String, isNew: Bool) -> ConfigStep.Act?
    {
        switch key {
        case "enabled": onOff(value, EnablePortal.self, DisablePortal.self, portal)
        case "paused": onOff(value, PausePortal.self, ResumePortal.self, portal)
        case signingKey where value == "true": .addSigningKey(portal: portal)
        case signingKey where !isNew: .removeSigningKey(portal: portal)
        case openRequests: .action(LimitPortal.self, ["portal": [portal], "limit": [value]])
        case notifyOn: .action(SetPortal.self, ["portal": [portal], notifyOn: [value]])
        case "webhook-concurrency":
            number(value, key) { .limitWebhooks(portal: portal, concurrency: $0, rate: nil) }
        case "webhook-rate": number(value, key) { .limitWebhooks(portal: portal, concurrency: nil, rate: $0) }
        case "display-name" where !isNew: .renamePortal(portal, displayName: value)
        case "login" where !isNew: .refuse("a portal keeps the login that it was added with")
        default: nil
        }
    }

    /// `portal limit` sets both limits at a time.
    private static func sourceSteps(_ portal: String, _ old: ConfigTree?, _ new: ConfigTree) -> [ConfigStep] {
        guard let starts = new[startsPerSource]?.value, old?[startsPerSource]?.value != starts else {
            return []
        }
        let limit = new[openRequests]?.value ?? "\(LimitPortal.usual)"
        return [
            ConfigStep(
                [name, portal, startsPerSource], LimitPortal.self,
                ["portal": portal, "limit": limit, "starts-per-source": starts])
        ]
    }

    private static func onOff(
        _ value: String, _ on: any OperatorAction.Type, _ off: any OperatorAction.Type, _ portal: String
    ) -> ConfigStep.Act {
        .action(value == "true" ? on : off, ["portal": [portal]])
    }

    static func number(_ value: String, _ key: String, _ act: (Int) -> ConfigStep.Act) -> ConfigStep.Act {
        Int(value).map(act) ?? .refuse("\(key) is a number, not '\(value)'")
    }

    /// An address with another user or password is another one.
    private static func addressSteps(_ portal: String, _ old: ConfigTree?, _ new: ConfigTree?) -> [ConfigStep]
    {
        steps(
            [name, portal, callbacks], old, new,
            remove: { .action(RemoveCallback.self, ["portal": [portal], "url": [$0]]) },
            add: { .addCallback(portal: portal, url: $0.name, $0.tree) })
    }

    private static func originSteps(_ portal: String, _ old: ConfigTree?, _ new: ConfigTree?) -> [ConfigStep]
    {
        steps(
            [name, portal, origins], old, new,
            remove: { .action(RemoveOrigin.self, ["portal": [portal], "origin": [$0]]) },
            add: { .action(AddOrigin.self, ["portal": [portal], "origin": [$0.name]]) })
    }

    private static func clientSteps(_ portal: String, _ old: ConfigTree?, _ new: ConfigTree?) -> [ConfigStep]
    {
        steps(
            [name, portal, clientIDs], old, new,
            remove: { .removeClientID(portal: portal, $0) },
            add: { .addClientID(portal: portal, $0.name) })
    }

    private static func steps(
        _ path: [String], _ old: ConfigTree?, _ new: ConfigTree?, remove: (String) -> ConfigStep.Act,
        add: (ConfigTree.Part) -> ConfigStep.Act
    ) -> [ConfigStep] {
        let gone = (old?.parts ?? []).filter { new?[$0.name] != $0.tree }.map { part in
            ConfigStep(path: path + [part.name], act: remove(part.name), removes: true)
        }
        let added = (new?.parts ?? []).filter { old?[$0.name] != $0.tree }.map { part in
            ConfigStep(path: path + [part.name], act: add(part))
        }
        return gone + added
    }
}

/// Mobile apps with their limits.
enum AppsSection: ConfigSection {
    static let name = "apps"
    static let shape = ConfigShape.named(
        .record(
            [("login", .text), (PortalsSection.password, .secret), ("enabled", .onOff)]
                + LimitApp.limits.map { ($0.name, .number) }))

    static func read(_: inout ConfigState, _ connection: inout Connection) async throws -> ConfigTree {
        .parts(try await App.list(&connection).map { .init(name: $0.name, tree: tree($0)) })
    }

    private static func tree(_ app: App) -> ConfigTree {
        var tree = ConfigTree(["login": app.login, "enabled": "\(app.isEnabled)"])
        for (limit, value) in zip(LimitApp.limits, app.limits) { tree[limit.name] = .value("\(value)") }
        return tree
    }

    static func steps(for app: String, from old: ConfigTree?, to new: ConfigTree?) -> [ConfigStep] {
        let path = [name, app]
        guard let new else { return [ConfigStep(path, RemoveApp.self, ["app": app], removes: true)] }
        let added = old == nil ? [ConfigStep(path: path, act: .addApp(app, new))] : []
        let changed = new.changes(from: old).compactMap { key, value in
            act(app, key, value, isNew: old == nil).map { ConfigStep(path: path + [key], act: $0) }
        }
        return added + changed
    }

    private static func act(_ app: String, _ key: String, _ value: String, isNew: Bool) -> ConfigStep.Act? {
        if LimitApp.limits.contains(where: { $0.name == key }) {
            return .action(LimitApp.self, ["app": [app], key: [value]])
        }
        switch key {
        case "enabled": return .action(value == "true" ? EnableApp.self : DisableApp.self, ["app": [app]])
        case "login" where !isNew: return .refuse("an app keeps the login that it was added with")
        default: return nil
        }
    }
}
