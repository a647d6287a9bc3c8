import Countersign
package import Postgres

/// Somebody with an account of the console. It has nothing to do with logins of the database.
package struct ConsoleAccount: Sendable, Hashable {
    package let name: String
    package let role: ConsoleRole
    /// Of a viewer who sees only what is that portal's.
    package let portal: String?
    /// Whether it signs in with an authenticator's code, too.
    package let hasSecondFactor: Bool
    package let createdAt: Timestamp

    package static func list(_ connection: inout Connection) async throws -> [ConsoleAccount] {
        try await connection.run(ListAccounts()).all()
    }

    /// Returns the generated password, of which only a digest is stored.
    ///
    /// - Parameter portal: whose rows alone a viewer sees.
    package static func add(
        _ name: String, _ role: ConsoleRole, portal: String? = nil, _ connection: inout Connection
    ) async throws -> String {
        let portalID = try await boundTo(portal, role, &connection)
        let password = Login.makePassword()
        try await connection.run(
            InsertAccount(name: name, role: role, portalID: portalID, digest: SecretDigest(of: password)))
        return password
    }

    static func boundTo(
        _ portal: String?, _ role: ConsoleRole, _ connection: inout Connection
    ) async throws -> Int32? {
        guard let portal else { return nil }
        guard role == .viewer else {
            throw AdministrationError.refused(
                "only a viewer can be bound to a portal, not \(role == .admin ? "an admin" : "an operator")")
        }
        return try await Portal.identifier(of: portal, &connection)
    }

    /// Returns a new password. The account's sessions end, and its second factor, which is sealed under the old one, goes.
    static func renewPassword(_ name: String, _ connection: inout Connection) async throws -> String {
        let password = Login.makePassword()
        let renewal = RenewPassword(name: name, digest: SecretDigest(of: password))
        guard try await connection.run(renewal).count == 1 else {
            throw AdministrationError.refused("there is no operator \(name)")
        }
        return password
    }

    /// Nil where there is no such account.
    package static func find(_ name: String, _ connection: inout Connection) async throws -> ConsoleAccount? {
        try await list(&connection).first { $0.name == name }
    }

    /// Whether an account can have that name; people type other things there, too, such as their password.
    package static func isName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let isWord = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return (1...63).contains(bytes.count) && isWord(bytes[0])
            && bytes.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
    }
}
