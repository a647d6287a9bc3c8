package import Postgres

/// `countersign portal limit`.
package struct LimitPortal: OperatorAction {
    package static let command = "portal limit"
    package static let abstract =
        "Change how many requests a portal may have open, and start for one visitor."
    package static let discussion = """
        Beyond it new requests are refused with CS008. The count is taken once a second, so the limit is soft.

        With --starts-per-source one IPv4 address, or the first 56 bits of an IPv6 address, may start so many within a \
        minute. What is not committed yet is not counted: many that start at one moment get some more. It needs the \
        visitor's ip_address with each request, as the portal's own proxy has seen it. Many people may share an \
        address: leave room.

        Examples:
          countersign portal limit acme 5000
          countersign portal limit acme 5000 --starts-per-source 60
        """
    package static let inputs = [
        Portal.input, ActionInput("limit", help: "1 to 100000000; a new portal has 100000."),
        ActionInput(
            "starts-per-source", .option, help: "1 to 1000000, or 0 for no limit, which a new portal has.",
            placeholder: "count"),
    ]
    package static let event = "portal.limited"
    /// Open requests that a new portal may have.
    static let usual = 100_000
    package static let statements: [any StatementFamily.Type] = [SetColumn.self, LimitStarts.self]

    private let portal: String
    private let limit: Int32
    /// A minute; 0 is no limit.
    private let starts: Int32?

    package init(_ words: ActionWords) throws {
        portal = words["portal"]
        guard let limit = Int(words["limit"]) else {
            throw UnreadableInput(
                "a limit of open requests is a number from 1 to 100000000, not '\(words["limit"])'")
        }
        guard (1...100_000_000).contains(limit) else {
            throw AdministrationError.refused("a limit of open requests must lie between 1 and 100000000")
        }
        self.limit = Int32(limit)
        starts = try words.optional("starts-per-source").map { typed in
            guard let starts = Int32(typed), (0...1_000_000).contains(starts) else {
                throw UnreadableInput(
                    "a source may start 1 to 1000000 requests a minute, or 0 for no limit, not '\(typed)'")
            }
            return starts
        }
    }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .portal(let portal) = subject else { return nil }
        return ActionButton(
            "Set", "limit of open requests of \(portal.name)", ["portal": portal.name],
            fields: [
                .init(name: "limit", caption: "Open requests", value: "\(portal.maxOpenRequests)", size: 9),
                .init(
                    name: "starts-per-source", caption: "Starts of a source a minute (0: any)",
                    value: "\(portal.maxStartsPerSource ?? 0)", size: 7),
            ], title: "Limits")
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let change = SetColumn(column: .portalLimit, name: portal, value: .int32(limit))
        return try await connection.atomically { connection in
            var isChanged = try await change.run(&connection)
            guard let starts else {
                return sentence("portal \(portal) may have \(limit) open requests", isChanged: isChanged)
            }
            let limited = try await connection.run(LimitStarts(portal: portal, most: starts)).affected > 0
            isChanged = isChanged || limited
            let most = starts == 0 ? "any number of" : "\(starts)"
            return sentence(
                "portal \(portal) may have \(limit) open requests, and one source \(most) starts a minute",
                isChanged: isChanged)
        }
    }
}

struct LimitStarts: PreparedStatement {
    let portal: String
    /// 0 is no limit.
    let most: Int32

    static let statement = Statement(
        "action.limit_starts",
        """
        UPDATE countersign.portals SET max_starts_per_source = nullif($2::integer, 0)
        WHERE name = $1 AND max_starts_per_source IS DISTINCT FROM nullif($2::integer, 0)
        """)
    var parameters: [Parameter] { [.text(portal), .int32(most)] }
}
