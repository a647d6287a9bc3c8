import Foundation

extension GnuPG {
    /// Makes a key pair; `usage` is as of `--quick-generate-key`, `expiry` too. Returns its fingerprint.
    @discardableResult
    package func makeKey(
        _ userID: String, _ algorithm: String = "ed25519", usage: String = "sign", expiry: String = "never",
        options: [String] = []
    ) throws -> String {
        try run(options: options, "--quick-generate-key", userID, algorithm, usage, expiry)
        return try fingerprints(userID)[0]
    }

    /// Adds a subkey and returns its fingerprint.
    @discardableResult
    package func addSubkey(
        _ userID: String, _ algorithm: String, usage: String, expiry: String = "never",
        options: [String] = []
    ) throws -> String {
        let fingerprint = try fingerprints(userID)[0]
        try run(options: options, "--quick-add-key", fingerprint, algorithm, usage, expiry)
        return try fingerprints(userID).last ?? ""
    }

    /// Of the primary and its subkeys.
    package func fingerprints(_ userID: String) throws -> [String] {
        text(try run("--with-colons", "--list-keys", "=\(userID)"))
            .split(separator: "\n").filter { $0.hasPrefix("fpr:") }
            .map { String($0.split(separator: ":").last ?? "") }
    }

    package func publicKey(_ userID: String) throws -> String {
        text(try run("--armor", "--export", "=\(userID)"))
    }

    package func secretKey(_ userID: String) throws -> [UInt8] {
        try run("--export-secret-keys", "=\(userID)")
    }

    package func importKey(_ key: [UInt8]) throws {
        try run("--import", input: key)
    }

    /// Revokes a key with the certificate that gpg made along with it.
    package func revoke(_ userID: String) throws {
        let fingerprint = try fingerprints(userID)[0]
        let certificate = try String(
            contentsOfFile: "\(home)/openpgp-revocs.d/\(fingerprint).rev", encoding: .utf8)
        // A colon keeps it from being imported by accident.
        try importKey(Array(certificate.replacingOccurrences(of: ":-----BEGIN", with: "-----BEGIN").utf8))
    }

    /// An armored detached signature.
    package func sign(_ message: [UInt8], by userIDs: String..., options: [String] = []) throws -> String {
        let signers = userIDs.flatMap { ["--local-user", "=\($0)"] }
        return text(try run(options: signers + options, "--armor", "--detach-sign", input: message))
    }

    @discardableResult
    package func run(options: [String], _ arguments: String..., input: [UInt8] = []) throws -> [UInt8] {
        try start("gpg", Self.options + options + arguments, input: input)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Verifies a text's detached signature with a certificate and nothing else, as whoever settles a dispute does.
    /// Returns what gpg says on its status channel; throws `Failure` when the signature is not good.
    package static func verify(
        _ signed: String, _ signature: String, _ certificate: String
    ) async throws -> String {
        try await withNewHome { gnuPG in
            try gnuPG.importKey(Array(certificate.utf8))
            let files = try [signature, signed].map { try gnuPG.file(Array($0.utf8)) }
            return gnuPG.text(try gnuPG.run("--status-fd", "1", "--verify", files[0], files[1]))
        }
    }
}
