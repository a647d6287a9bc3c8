import Countersign
package import Postgres

/// The configuration that the database has.
package struct ConfigState: Sendable, Equatable {
    package internal(set) var tree = ConfigTree.empty
    /// Sealed, of each callback address that has one.
    var passwords: [ConfiguredCallback] = []

    package static func read(_ connection: inout Connection) async throws -> ConfigState {
        var state = ConfigState()
        for section in configSections {
            let part = try await section.read(&state, &connection)
            state.tree[section.name] = part
        }
        return state
    }
}

extension ConfigState {
    /// Where the file says where a password is: writes the file's words for it into the state when it is the one that the
    /// database has, and others when it is not. What is not there cannot be compared and is taken for the same: returned are
    /// the references of those.
    mutating func compare(
        _ file: ConfigTree, _ secrets: SecretSource, _ sealer: () throws -> Sealer
    ) throws -> [String] {
        let (portals, callbacks) = (PortalsSection.name, PortalsSection.callbacks)
        let stored = Dictionary(grouping: passwords, by: \.portal)
        var unread: [String] = []
        for portal in tree[portals]?.parts.map(\.name) ?? [] {
            guard let wanted = file[portals]?[portal]?[callbacks],
                var addresses = tree[portals]?[portal]?[callbacks]
            else { continue }
            for callback in stored[portal] ?? [] {
                guard let sealed = callback.sealed,
                    let reference = wanted[callback.url]?[PortalsSection.password]?.value
                else { continue }
                var text = reference
                if let secret = secrets.secret(reference) {
                    let place = SealedColumn.callbackPassword.place(callback.id)
                    let isSame = try sealer().open(sealed, at: place) == Array(secret.utf8)
                    if !isSame { text = "another password" }
                } else {
                    unread.append(reference)
                }
                addresses[callback.url]?[PortalsSection.password] = .value(text)
            }
            tree[portals]?[portal]?[callbacks] = addresses
        }
        return unread
    }
}

struct ConfiguredCallback: Sendable, Equatable {
    let id: Int
    let portal: String
    let url: String
    let username: String?
    let sealed: [UInt8]?
}

struct ListConfiguredCallbacks: PreparedStatement {
    static let statement = Statement(
        "config.callbacks",
        """
        SELECT c.callback_id, p.name AS portal, c.url, c.username, c.password
        FROM countersign.callback_urls c JOIN countersign.portals p USING (portal_id) ORDER BY p.name, c.url
        """)

    static func decode(_ row: inout RowReader) throws -> ConfiguredCallback {
        ConfiguredCallback(
            id: try row.int("callback_id"), portal: try row.text("portal"), url: try row.text("url"),
            username: try row.optionalText("username"), sealed: try row.optionalBytes("password"))
    }
}

struct ListConfiguredPortals: PreparedStatement {
    static let statement = Statement(
        "config.portals",
        """
        SELECT name, display_name, login, enabled, paused, max_open_requests, max_starts_per_source,
               notify_on, webhook_concurrency, webhook_rate, webhook_key IS NOT NULL AS has_key
        FROM countersign.portals ORDER BY name
        """)

    static func decode(_ row: inout RowReader) throws -> ConfigTree.Part {
        let name = try row.text("name")
        let tree = ConfigTree([
            "display-name": try row.text("display_name"), "login": try row.text("login"),
            "enabled": "\(try row.bool("enabled"))", "paused": "\(try row.bool("paused"))",
            "open-requests": "\(try row.int("max_open_requests"))",
            "starts-per-source": "\(try row.optionalInt("max_starts_per_source") ?? 0)",
            "notify-on": "\(NotifiedEnds(stored: try row.texts("notify_on")))",
            "webhook-concurrency": "\(try row.int("webhook_concurrency"))",
            "webhook-rate": "\(try row.optionalInt("webhook_rate") ?? 0)",
            "signing-key": "\(try row.bool("has_key"))",
        ])
        return .init(name: name, tree: tree)
    }
}
