package import Postgres

/// Named settings for requests.
package struct AuthenticationType: Sendable, Hashable {
    /// What a user reads when the portal gives no message of its own.
    package struct Message: Sendable, Hashable {
        package let language: String
        package let text: String

        package init(language: String, text: String) {
            (self.language, self.text) = (language, text)
        }
    }

    package let name: String
    package let method: String
    package let requestExpiresIn: Duration
    /// By language.
    package let messages: [Message]
}

extension AuthenticationType {
    package static func list(_ connection: inout Connection) async throws -> [AuthenticationType] {
        try await connection.run(listing).map(AuthenticationType.init)
    }

    /// Adds a type of the method `otp` whose requests expire after so many seconds, 30 to 600.
    package static func add(
        _ name: String, expiresIn seconds: Int, messages: [Message], _ connection: inout Connection
    ) async throws {
        guard let seconds = Int32(exactly: seconds) else {
            throw AdministrationError.refused("a request must expire in 30 to 600 seconds")
        }
        try await connection.transaction { connection in
            try await connection.run(insertion, [.text(name), .int32(seconds)])
            let texts = Parameter.texts(messages.map(\.text))
            try await connection.run(checking, [texts])
            let languages = Parameter.texts(messages.map(\.language))
            try await connection.run(messageInsertion, [.text(name), languages, texts])
        }
    }

    /// Requests of that type that are open go on.
    package static func remove(_ name: String, _ connection: inout Connection) async throws {
        guard try await connection.run(removal, [.text(name)]).affected > 0 else {
            throw try await NamedThing.type.unknown(name, &connection)
        }
    }

    private init(_ row: Row) throws(DecodingFailure) {
        name = try row.text(0)
        method = try row.text(1)
        requestExpiresIn = .seconds(try row.int(2))
        messages = zip(try row.texts(3), try row.texts(4)).map(Message.init)
    }
}

extension AuthenticationType {
    package static let listing = Statement(
        "type.list",
        """
        SELECT t.name, t.method, t.request_expires_in,
               array(SELECT m.language_code FROM countersign.auth_type_messages m
                     WHERE m.auth_type = t.name ORDER BY m.language_code),
               array(SELECT m.message FROM countersign.auth_type_messages m
                     WHERE m.auth_type = t.name ORDER BY m.language_code)
        FROM countersign.auth_types t ORDER BY t.name
        """)

    /// $1 name, $2 seconds.
    package static let insertion = Statement(
        "type.insert",
        """
        WITH added AS (
            INSERT INTO countersign.auth_types (name, request_expires_in) VALUES ($1, $2)
            RETURNING name, request_expires_in
        )
        INSERT INTO countersign.events (type, details)
        SELECT 'type.added', jsonb_build_object('name', name, 'request_expires_in', request_expires_in)
        FROM added
        """)

    /// $1 messages: what a request may not carry, its type may not either.
    package static let checking = Statement(
        "type.check_messages",
        "SELECT countersign.check_text('message', given, 155) FROM unnest($1::text[]) AS given")

    /// $1 name of the type, $2 languages, $3 messages.
    package static let messageInsertion = Statement(
        "type.insert_messages",
        """
        INSERT INTO countersign.auth_type_messages (auth_type, language_code, message)
        SELECT $1, language_code, message FROM unnest($2::text[], $3::text[]) AS given (language_code, message)
        """)

    /// $1 name.
    package static let removal = Statement(
        "type.remove",
        """
        WITH removed AS (DELETE FROM countersign.auth_types WHERE name = $1 RETURNING name)
        INSERT INTO countersign.events (type, details)
        SELECT 'type.removed', jsonb_build_object('name', name) FROM removed
        """)
}
