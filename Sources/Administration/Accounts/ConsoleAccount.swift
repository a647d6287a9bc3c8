import Countersign
package import Postgres

/// Somebody with an account of the console. It has nothing to do with logins of the database.
package struct ConsoleAccount: Sendable, Hashable {
    package let name: String
    /// May change things; otherwise it only looks.
    package let isAdmin: Bool
    /// Whether it signs in with an authenticator's code, too.
    package let hasSecondFactor: Bool
    package let createdAt: Timestamp

    package static func list(_ connection: inout Connection) async throws -> [ConsoleAccount] {
        try await connection.run(ListAccounts()).all()
    }

    /// Returns the generated password, of which only a digest is stored.
    package static func add(
        _ name: String, isAdmin: Bool, _ connection: inout Connection
    ) async throws -> String {
        let password = Login.makePassword()
        try await connection.run(
            InsertAccount(name: name, isAdmin: isAdmin, digest: SecretDigest(of: password)))
        return password
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
