/// A column that holds sealed values. What checks the master key or seals anew walks over `all`.
package struct SealedColumn: Sendable, Hashable {
    /// Without its schema, which is always `countersign`.
    package let table: String
    package let column: String
    /// The column that is the primary key, and its type.
    package let key: String
    package let keyType: String

    package static let signingSecret = SealedColumn(
        table: "portals", column: "signing_secret", key: "portal_id", keyType: "integer")
    package static let callbackPassword = SealedColumn(
        table: "callback_urls", column: "password", key: "callback_id", keyType: "integer")

    package static let serverSecretKey = SealedColumn(
        table: "server_keys", column: "secret_key", key: "server_key_id", keyType: "uuid")
    package static let previousSecret = SealedColumn(
        table: "portals", column: "previous_secret", key: "portal_id", keyType: "integer")
    package static let webhookKey = SealedColumn(
        table: "portals", column: "webhook_key", key: "portal_id", keyType: "integer")

    package static let all = [signingSecret, callbackPassword, serverSecretKey, previousSecret, webhookKey]

    package func place(_ primaryKey: String) -> SealedPlace {
        SealedPlace(table: table, column: column, primaryKey: primaryKey)
    }

    package func place(_ primaryKey: Int) -> SealedPlace { place(String(primaryKey)) }
}

/// Where one sealed value stands. It is bound to that place: nowhere else does it open.
package struct SealedPlace: Sendable, Hashable, CustomStringConvertible {
    package let table: String
    package let column: String
    /// In PostgreSQL's text form.
    package let primaryKey: String

    package init(table: String, column: String, primaryKey: String) {
        (self.table, self.column, self.primaryKey) = (table, column, primaryKey)
    }

    /// The associated data, in UTF-8.
    package var description: String { "countersign.\(table).\(column)/\(primaryKey)" }
}
