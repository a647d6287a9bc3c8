import Countersign
import Crypto
package import Postgres

/// A signed-in operator.
package struct ConsoleSession: Sendable, Hashable {
    package static let length = Duration.seconds(8 * 3_600)

    package let name: String
    package let isAdmin: Bool
    /// Expected in every form that changes something; made from the cookie, which no other site can read.
    package let formToken: String

    /// The cookie of a new session, or nil when name or password are wrong. An unknown name takes as long.
    package static func begin(
        _ name: String, password: String, _ connection: inout Connection
    ) async throws -> String? {
        let row = try await connection.run(ConsoleAccount.reading, [.text(name)]).first
        let stored = try row?.text(0)
        let isRight = (stored.flatMap { SecretHash($0) } ?? .decoy).fits(password)
        guard isRight, stored != nil else { return nil }
        let token = hexadecimal(randomBytes(32))
        try await connection.run(
            ConsoleAccount.beginning, [.bytes(digest(token)), .text(name), .duration(length)])
        return token
    }

    package static func find(
        _ token: String, _ connection: inout Connection
    ) async throws -> ConsoleSession? {
        guard let row = try await connection.run(ConsoleAccount.finding, [.bytes(digest(token))]).first else {
            return nil
        }
        let formToken = hexadecimal(digest("form " + token))
        return ConsoleSession(name: try row.text(0), isAdmin: try row.bool(1), formToken: formToken)
    }

    /// Shows that a sentence in an address is of this session's own making, and not of whoever sent the link.
    package func proof(of sentence: String) -> String {
        hexadecimal(Self.digest("notice \(formToken) \(sentence)"))
    }

    package static func end(_ token: String, _ connection: inout Connection) async throws {
        try await connection.run(ConsoleAccount.ending, [.bytes(digest(token))])
    }

    private static func digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
}
