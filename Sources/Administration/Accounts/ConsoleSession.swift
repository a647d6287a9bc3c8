import Countersign
import Crypto
package import Postgres

/// A signed-in operator.
package struct ConsoleSession: Sendable, Hashable {
    package static let length = Duration.seconds(8 * 3_600)
    /// After so long without a page that somebody asked for it is over; pages that follow by themselves do not count.
    package static let idle = Duration.seconds(30 * 60)

    package let name: String
    package let role: ConsoleRole
    /// Of a viewer who sees only what is that portal's.
    package let portal: String?
    /// Expected in every form that changes something; made from the cookie, which no other site can read.
    package let formToken: String
    let tokenDigest: [UInt8]

    /// Why nobody was signed in. The raw value stands in the audit trail.
    package enum Refusal: String, Error, Sendable {
        case password = "wrong password"
        case code = "wrong code of the second factor"
        case tooManyCodes = "too many codes of the second factor"
    }

    /// The cookie of a new session. Throws a `Refusal`.
    package static func begin(
        _ name: String, password: String, code: String, _ connection: inout Connection
    ) async throws -> String {
        let account = try await StoredAccount.find(name, &connection)
        guard account.fits(password) else { throw Refusal.password }
        if let sealed = account.sealedFactor {
            try await prove(code, sealed, account, password, &connection)
        }
        let token = hexadecimal(randomBytes(32))
        try await connection.run(BeginSession(token: digest(token), name: name, length: length))
        return token
    }

    /// Six digits can be guessed by who knows the password: each try is counted before it is looked at, so that those sent
    /// at once are counted, too.
    private static func prove(
        _ code: String, _ sealed: [UInt8], _ account: StoredAccount, _ password: String,
        _ connection: inout Connection
    ) async throws {
        guard !code.isEmpty else { throw Refusal.code }
        guard try await connection.run(CountCode(name: account.name)).count == 1 else {
            throw Refusal.tooManyCodes
        }
        guard let factor = SecondFactor.open(sealed, of: account.name, password: password),
            let interval = factor.interval(of: code, at: account.time),
            try await connection.run(UseCode(name: account.name, interval: interval)).count == 1
        else { throw Refusal.code }
    }

    /// - Parameter isUsed: whether somebody has asked for a page or pressed a button, which keeps the session alive.
    package static func find(
        _ token: String, isUsed: Bool, _ connection: inout Connection
    ) async throws -> ConsoleSession? {
        let digest = digest(token)
        guard let found = try await connection.run(FindSession(token: digest, idle: idle)).first() else {
            return nil
        }
        // Once a minute is enough, and spares the table a version for each page.
        if isUsed, found.wasQuiet { try await connection.run(TouchSession(token: digest)) }
        return ConsoleSession(
            name: found.name, role: found.role, portal: found.portal,
            formToken: hexadecimal(Self.digest("form " + token)), tokenDigest: digest)
    }

    /// Shows that a sentence in an address is of this session's own making, and not of whoever sent the link.
    package func proof(of sentence: String) -> String {
        hexadecimal(Self.digest("notice \(formToken) \(sentence)"))
    }

    package static func end(_ token: String, _ connection: inout Connection) async throws {
        try await connection.run(EndSession(token: digest(token)))
    }

    private static func digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
}
