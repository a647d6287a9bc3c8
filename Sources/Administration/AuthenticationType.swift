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
    /// Whether the visitor types two digits that the phone shows: `never`, `new_browser` or `always`.
    package let confirmCode: String
    /// For how long each code is shown; nil when it stays the same.
    package let codeRotation: Duration?
    /// Whether results are taken once.
    package let redeemOnce: Bool
    /// Whether nobody accepts without having scanned.
    package let scanRequired: Bool
    /// `off`, `tell` or `refuse`.
    package let sameNetwork: String
    /// `off`, `tell` or `refuse`.
    package let sameCountry: String
    package let allowQR: Bool
    package let allowLink: Bool
    /// By language.
    package let messages: [Message]
    /// What prompts say of visitors, by language.
    package let visitorLines: [Message]
}

extension AuthenticationType {
    package static func list(_ connection: inout Connection) async throws -> [AuthenticationType] {
        try await connection.run(ListAuthenticationTypes()).all()
    }
}

extension AuthenticationType: RowReadable {
    package init(_ row: inout RowReader) throws {
        name = try row.text("name")
        method = try row.text("method")
        requestExpiresIn = .seconds(try row.int("request_expires_in"))
        confirmCode = try row.text("confirm_code")
        codeRotation = try row.optionalInt("code_rotation").map { .seconds($0) }
        redeemOnce = try row.bool("redeem_once")
        scanRequired = try row.bool("scan_required")
        sameNetwork = try row.text("same_network")
        sameCountry = try row.text("same_country")
        allowQR = try row.bool("allow_qr")
        allowLink = try row.bool("allow_link")
        messages = zip(try row.texts("languages"), try row.texts("messages")).map(Message.init)
        visitorLines = zip(try row.texts("line_languages"), try row.texts("visitor_lines")).map(Message.init)
    }
}

struct ListAuthenticationTypes: PreparedStatement {
    typealias Output = AuthenticationType

    static let statement = Statement(
        "type.list",
        """
        SELECT t.name, t.method, t.request_expires_in, t.confirm_code, t.code_rotation, t.redeem_once, t.scan_required,
               t.same_network, t.same_country, t.allow_qr, t.allow_link,
               array(SELECT m.language_code FROM countersign.auth_type_messages m
                     WHERE m.auth_type = t.name ORDER BY m.language_code) AS languages,
               array(SELECT m.message FROM countersign.auth_type_messages m
                     WHERE m.auth_type = t.name ORDER BY m.language_code) AS messages,
               array(SELECT m.language_code FROM countersign.auth_type_messages m
                     WHERE m.auth_type = t.name AND m.visitor_line IS NOT NULL ORDER BY m.language_code) AS line_languages,
               array(SELECT m.visitor_line FROM countersign.auth_type_messages m
                     WHERE m.auth_type = t.name AND m.visitor_line IS NOT NULL ORDER BY m.language_code) AS visitor_lines
        FROM countersign.auth_types t ORDER BY t.name
        """)
}
