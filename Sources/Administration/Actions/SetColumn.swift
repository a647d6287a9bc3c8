import Postgres

/// Changes one column of a portal or an app. A row when there is one of that name: whether it was not so already.
struct SetColumn: StatementFamily {
    enum Column: String, CaseIterable, Sendable {
        case appEnabled = "apps.enabled"
        case portalEnabled = "portals.enabled"
        case portalPaused = "portals.paused"
        case portalLimit = "portals.max_open_requests"
        case portalNotifyOn = "portals.notify_on"
        case portalDisplayName = "portals.display_name"

        fileprivate var thing: NamedThing { rawValue.hasPrefix("apps.") ? .app : .portal }
    }

    let column: Column
    let name: String
    let value: Parameter

    static var members: [Statement] { Column.allCases.map(statement) }
    var statement: Statement { Self.statement(column) }
    var parameters: [Parameter] { [.text(name), value] }

    private static func statement(_ column: Column) -> Statement {
        let (table, name) = (column.thing.table, column.rawValue.split(separator: ".")[1])
        return Statement(
            "action.set_\(column.rawValue)",
            """
            WITH changed AS (
                UPDATE countersign.\(table) SET \(name) = $2 WHERE name = $1 AND \(name) <> $2 RETURNING name
            )
            SELECT EXISTS (SELECT FROM changed) AS is_new FROM countersign.\(table) WHERE name = $1
            """)
    }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_new") }

    /// Returns whether it was not so already. Throws when there is nothing of that name.
    func run(_ connection: inout Connection) async throws -> Bool {
        try await column.thing.found(try await connection.run(self).first(), name, &connection)
    }
}
