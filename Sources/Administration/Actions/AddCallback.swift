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
        read on the way.

        Examples:
          countersign callback add acme https://acme.example/callback
          countersign callback add acme https://acme.example/cb \\
            --username acme --password-stdin < password
        """
    package static let inputs = [Portal.input, ActionInput("url", help: "The address.")]
    package static let hasOwnCommand = true
    package static let event = "callback.added"
    package static let statements = [checking, numbering, insertion]

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
        guard try await connection.run(Self.checking, [.text(url)])[0].bool(0) else {
            throw AdministrationError.refused(
                "the callback address must be an http or https address of at most 2,048 ASCII characters, "
                    + "without user name, password or fragment")
        }
        try await credentials?.sealer.checkMasterKey(&connection)
        try await connection.transaction { connection in
            let portalID = try await Portal.identifier(of: portal, &connection)
            let id = try await connection.run(Self.numbering)[0].int(0)
            let sealed = try credentials.map {
                try $0.sealer.seal(Array($0.basic.password.utf8), at: SealedColumn.callbackPassword.place(id))
            }
            try await connection.run(
                Self.insertion,
                [
                    .int32(Int32(id)), .int32(portalID), .text(url), Parameter(credentials?.basic.username),
                    Parameter(sealed),
                ])
        }
        return "added a callback address to portal \(portal)"
    }

    /// $1 address. What a request could not name must not be in the list.
    private static let checking = Statement(
        "action.check_callback", "SELECT countersign.is_callback_uri($1)")

    /// The id comes first: the sealed password is bound to it.
    private static let numbering = Statement(
        "action.number_callback", "SELECT nextval('countersign.callback_urls_callback_id_seq')::integer")

    /// $1 id, $2 portal's id, $3 address, $4 user name, $5 sealed password.
    private static let insertion = Statement(
        "action.add_callback",
        """
        INSERT INTO countersign.callback_urls (callback_id, portal_id, url, username, password)
        VALUES ($1, $2, $3, $4, $5)
        """)
}
