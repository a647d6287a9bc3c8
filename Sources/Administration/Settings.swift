package import Postgres

/// The switches of the whole installation (design section 3).
package struct Settings: Sendable, Hashable {
    /// The raw value is the column and the name that operators type.
    package enum Name: String, Sendable, CaseIterable {
        case mobileAuthentication = "mobile_authentication_enabled"
        case enrollment = "enrollment_enabled"
        case uniqueKeys = "unique_pgp_keys_per_enrollment"
        case signatureRequired = "signature_required"
        case callbackAllowlist = "callback_allowlist_enabled"
    }

    package let values: [Name: Bool]
    package let updatedAt: Timestamp
}

extension Settings {
    package static func read(_ connection: inout Connection) async throws -> Settings {
        let row = try await connection.run(reading)[0]
        var values: [Name: Bool] = [:]
        for (column, name) in Name.allCases.enumerated() { values[name] = try row.bool(column) }
        return Settings(values: values, updatedAt: try row.timestamp(Name.allCases.count))
    }

    /// Sets what is given and leaves the rest. Returns what was not so already.
    package static func change(
        _ wanted: [Name: Bool], _ connection: inout Connection
    ) async throws -> Set<Name> {
        let document = wanted.map { "\"\($0.key.rawValue)\": \($0.value)" }.joined(separator: ", ")
        let changed = try await connection.run(changing, [.text("{\(document)}")])
        return Set(try changed.first?.texts(0).compactMap(Name.init) ?? [])
    }

    /// The switches in the order of their declaration, then when they were changed.
    package static let reading = Statement(
        "settings.read",
        "SELECT \(Name.allCases.map(\.rawValue).joined(separator: ", ")), updated_at FROM countersign.settings"
    )

    /// $1 what is wanted, as an object. A row with the names of what has changed, if anything has.
    package static let changing = Statement(
        "settings.change",
        """
        WITH old AS MATERIALIZED (
            SELECT to_jsonb(s) AS document FROM countersign.settings s FOR UPDATE
        ), changed AS (
            UPDATE countersign.settings s
            SET \(Name.allCases.map { assignment($0.rawValue) }.joined(separator: ", ")),
                updated_at = clock_timestamp()
            FROM old WHERE NOT old.document @> $1::jsonb
            RETURNING old.document
        ), audited AS (
            INSERT INTO countersign.events (type, details)
            SELECT 'settings.changed', jsonb_object_agg(wanted.key, wanted.value)
            FROM changed, jsonb_each($1::jsonb) AS wanted
            WHERE changed.document -> wanted.key <> wanted.value HAVING count(*) > 0
            RETURNING details
        )
        SELECT array(SELECT jsonb_object_keys(details)) FROM audited
        """)

    private static func assignment(_ column: String) -> String {
        "\(column) = coalesce(($1::jsonb ->> '\(column)')::boolean, s.\(column))"
    }
}
