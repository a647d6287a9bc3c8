package import Postgres

/// The client ids that a database knows, for a login of the gateway's group.
package enum ClientIDs {
    package static func read(_ connection: inout Connection) async throws -> [String] {
        try await connection.run(ListClientIDs()).all()
    }
}

struct ListClientIDs: PreparedStatement {
    static let statement = Statement(
        "gateway.client_ids", "SELECT client_id FROM countersign.client_ids() AS known (client_id)")
    static func decode(_ row: inout RowReader) throws -> String { try row.text("client_id") }
}
