package import Countersign
package import Postgres

/// What a password and a code are checked against.
package struct StoredAccount: Sendable {
    package let name: String
    let digest: SecretDigest?
    let sealedFactor: [UInt8]?
    /// The database's, in seconds since 1970.
    let time: Int64

    /// Of any name: an unknown one takes as long, and no password fits.
    package static func find(
        _ name: String, _ connection: inout Connection
    ) async throws -> StoredAccount {
        let stored = try await connection.run(ReadAccount(name: name)).one()
        return StoredAccount(
            name: name, digest: stored.digest.flatMap { SecretDigest($0) }, sealedFactor: stored.factor,
            time: stored.time)
    }

    /// Whether that is the account's password.
    package func fits(_ password: String) -> Bool {
        (digest ?? Self.decoy).fits(password) && digest != nil
    }

    /// Makes that authenticator the second factor, once a code shows that it was set up well. That code counts no more.
    /// Other sessions of the account end. Fails with a sentence for who wants it.
    package func enroll(
        _ factor: TimeCode, code: String, password: String, keeping session: ConsoleSession,
        _ connection: inout Connection
    ) async throws {
        guard fits(password) else { throw WrongPassword() }
        guard let interval = factor.interval(of: code, at: time) else {
            throw UnreadableInput(
                "that was not the code which the authenticator shows now: try the next one, and see that its clock is right"
            )
        }
        let sealed = try SecondFactor.seal(factor, of: name, password: password)
        let stored = try await connection.run(
            StoreFactor(name: name, sealed: sealed, interval: interval, session: session.tokenDigest))
        guard stored.count == 1 else {
            throw AdministrationError.refused("the account has a second factor already")
        }
    }

    private static let decoy = SecretDigest(of: "nobody's: \(hexadecimal(randomBytes(24)))")
}

/// What somebody typed as the password of his own account is not it.
package struct WrongPassword: Error, Sendable, CustomStringConvertible {
    package init() {}

    package var description: String { "this needs the password of your account, and that was not it" }
}
