package import Postgres

/// Enrollments, the newest first.
package struct ListEnrollments: StatementFamily {
    var id: Identifier?
    let filter: Enrollment.Filter
    /// How many are looked at; nil is all.
    var reach: Int?

    package typealias Output = Enrollment

    package init(id: Identifier? = nil, filter: Enrollment.Filter, reach: Int? = nil) {
        (self.id, self.filter, self.reach) = (id, filter, reach)
    }

    /// Where an index leads to them.
    enum Kind: Int, CaseIterable {
        case all, id, user, device

        private static let columns = """
            enrollment_id, app_id, user_id, device_id, device_name, platform, status, reason, created_at, activated_at,
            revoked_at, locked_until, held_until, key_fingerprint, server_key_id
            """

        /// $1 before, $2 the name of the app, and what an index leads to $3.
        var source: String {
            let table = "countersign.enrollments"
            let of =
                switch self {
                case .all: "\(table) e WHERE $3::text IS NULL"
                case .id: "\(table) e WHERE e.enrollment_id = $3::text::uuid"
                case .device: "\(table) e WHERE e.device_id = $3::text"
                // A user has few: without OFFSET the planner may look for them along the primary key.
                case .user:
                    """
                    (SELECT \(Self.columns) FROM \(table)
                     WHERE app_id = ANY (ARRAY(SELECT a.app_id FROM countersign.apps a WHERE $2::text IS NULL OR a.name = $2))
                       AND user_id = $3::text OFFSET 0) AS e
                    WHERE true
                    """
                }
            return """
                FROM \(of) AND e.enrollment_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                ORDER BY e.enrollment_id DESC
                """
        }

        fileprivate var list: String {
            """
            SELECT e.enrollment_id, a.name AS app, e.user_id, e.device_id, e.device_name, e.platform, e.status, e.reason,
                   e.created_at, e.activated_at, e.revoked_at,
                   CASE WHEN e.locked_until > clock_timestamp() THEN e.locked_until END AS locked_until,
                   CASE WHEN e.status = 'active' AND e.held_until > clock_timestamp() THEN e.held_until END AS held_until,
                   e.key_fingerprint, k.fingerprint AS server_fingerprint, k.shared AS is_shared
            FROM (SELECT \(Self.columns) \(source) LIMIT $7) AS e
            JOIN countersign.apps a USING (app_id) LEFT JOIN countersign.server_keys k USING (server_key_id)
            WHERE ($2::text IS NULL OR a.name = $2::text) AND ($4::text IS NULL OR e.status = $4::text)
              AND ($5::text IS NULL OR e.device_id = $5::text)
            ORDER BY e.enrollment_id DESC LIMIT $6
            """
        }
    }

    private var kind: Kind {
        id != nil ? .id : filter.kind
    }

    package static let members = Kind.allCases.map { Statement("enrollment.list_\($0)", $0.list) }
    package var statement: Statement { Self.members[kind.rawValue] }
    package var parameters: [Parameter] {
        let key = id.map { Parameter("\($0)") } ?? filter.key
        return [Parameter(filter.before), Parameter(filter.app), key, Parameter(filter.status)] + [
            Parameter(filter.deviceID), .int(Int64(filter.limit)), reach.map { .int(Int64($0)) } ?? .null,
        ]
    }
}

extension Enrollment.Filter {
    fileprivate var kind: ListEnrollments.Kind {
        userID != nil ? .user : deviceID != nil ? .device : .all
    }

    fileprivate var key: Parameter { Parameter(userID ?? deviceID) }
}

/// How far back a list has looked, when there is more behind that.
package struct FindEnrollmentReach: StatementFamily {
    let filter: Enrollment.Filter

    package static let members = ListEnrollments.Kind.allCases.map { kind in
        // What is not looked at is typed all the same.
        Statement(
            "enrollment.reach_of_\(kind)",
            """
            SELECT f.enrollment_id FROM (SELECT $2::text, $3::text) AS asked, LATERAL (
                SELECT e.enrollment_id \(kind.source) OFFSET \(listReach - 1) LIMIT 1) AS f
            """)
    }
    package var statement: Statement { Self.members[filter.kind.rawValue] }
    package var parameters: [Parameter] { [Parameter(filter.before), Parameter(filter.app), filter.key] }

    package static func decode(_ row: inout RowReader) throws -> Identifier {
        try row.identifier("enrollment_id")
    }
}
