package import Countersign
package import Postgres

/// `countersign callback add`. In the console without Basic authentication: passwords are sealed, for which the command
/// has the master key.
package struct AddCallback: OperatorAction {
    package static let command = "callback add"
    package static let abstract = "Add a callback address to a portal."
    package static let discussion = """
        A request's callback_uri must equal it exactly. With --username and --password-stdin, deliveries to \
        it carry Basic authentication; the password is stored sealed, for which COUNTERSIGN_MASTER_KEY must \
        be set. Addresses that begin with http:// are for loopback and testing: what is sent there can be \
        read on the way. Warns of an address that workers refuse unless they are started with --allow-http, \
        --allow-address or --allow-ports.

        Examples:
          countersign callback add acme https://acme.example/callback
          countersign callback add acme https://acme.example/cb \\
            --username acme --password-stdin < password
        """
    package static let inputs = [Portal.input, ActionInput("url", help: "The address.")]
    package static let hasOwnCommand = true
    package static let event = "callback.added"
    package static let statements: [any StatementFamily.Type] = [
        CheckCallback.self, NumberCallback.self, InsertCallback.self,
    ]

    private let portal: String
    private let url: String
    private let credentials: (basic: BasicCredentials, sealer: Sealer)?

    package init(_ words: ActionWords) { self.init(portal: words["portal"], url: words["url"]) }

    /// `sealer` seals the password.
    package init(
        portal: String, url: String, _ credentials: (basic: BasicCredentials, sealer: Sealer)? = nil
    ) {
        (self.portal, self.url, self.credentials) = (portal, url, credentials)
    }

    /// What is sent there was not sent there before.
    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        guard case .callbacks(let portals) = subject, !portals.isEmpty else { return nil }
        return ActionButton(
            "Add", "callback address",
            fields: [
                .init(name: "portal", caption: "Portal", kind: .choice(portals)),
                .init(name: "url", caption: "Address", hint: "https://acme.example/callback", size: 36),
                .password,
            ])
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let checked = try await connection.run(CheckCallback(url: url)).one()
        guard checked.isAddress else {
            throw AdministrationError.refused("the callback address must be " + checked.rule)
        }
        try await credentials?.sealer.checkMasterKey(&connection)
        try await connection.atomically { connection in
            let portalID = try await Portal.identifier(of: portal, &connection)
            let id = try await connection.run(NumberCallback()).one()
            let sealed = try credentials.map {
                try $0.sealer.seal(Array($0.basic.password.utf8), at: SealedColumn.callbackPassword.place(id))
            }
            try await connection.run(
                InsertCallback(
                    id: Int32(id), portalID: portalID, url: url, username: credentials?.basic.username,
                    sealedPassword: sealed))
        }
        return (["added a callback address to portal \(portal)"] + [warning].compactMap(\.self))
            .joined(separator: "\n")
    }

    /// It is added all the same: workers may be started otherwise.
    private var warning: String? {
        do {
            try AddressPolicy().checkUnresolved(url)
            return nil
        } catch {
            return "warning: without options workers refuse this address: \(error)"
        }
    }
}

/// What a request could not name must not be in the list.
struct CheckCallback: PreparedStatement {
    let url: String

    static let statement = Statement(
        "action.check_callback",
        "SELECT countersign.is_callback_uri($1) AS is_address, countersign.callback_uri_rule() AS rule")
    var parameters: [Parameter] { [.text(url)] }

    static func decode(_ row: inout RowReader) throws -> (isAddress: Bool, rule: String) {
        (try row.bool("is_address"), try row.text("rule"))
    }
}

/// The id comes first: the sealed password is bound to it.
struct NumberCallback: PreparedStatement {
    static let statement = Statement(
        "action.number_callback",
        "SELECT nextval('countersign.callback_urls_callback_id_seq')::integer AS callback_id")

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("callback_id") }
}

struct InsertCallback: PreparedStatement {
    let id: Int32
    let portalID: Int32
    let url: String
    let username: String?
    let sealedPassword: [UInt8]?

    static let statement = Statement(
        "action.add_callback",
        """
        INSERT INTO countersign.callback_urls (callback_id, portal_id, url, username, password)
        VALUES ($1, $2, $3, $4, $5)
        """)
    var parameters: [Parameter] {
        [.int32(id), .int32(portalID), .text(url), Parameter(username), Parameter(sealedPassword)]
    }
}
