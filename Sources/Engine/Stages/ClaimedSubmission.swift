import Countersign
import OpenPGP
import Postgres

/// A row of the claim: what cannot change any more, and what its signature and prompt are made of.
struct ClaimedSubmission: Sendable {
    /// What the prompt of a scan is made of. Nil in `ClaimedSubmission` unless a scan may come about.
    struct Prompt: Sendable {
        /// Name of the portal, message, context.
        let lines: [String]
        let secureMessage: String?
        /// The server's key of this enrollment: its id, and the sealed secret key.
        let signer: (id: Identifier, sealed: [UInt8])?
    }

    let key: Identifier
    let lane: Int32
    let slice: Int
    let text: SubmissionText
    let hasTime: Bool
    let isStale: Bool
    /// Empty when what was sent is no armor.
    let signature: String?
    /// The enrollment's, once the enroll stage has found it good; nil also when nobody needs it.
    let publicKey: String?
    let prompt: Prompt?

    init(_ row: Row) throws {
        guard let action = SubmissionAction(rawValue: try row.text(6)) else {
            throw DecodingFailure(column: "action", found: "another word", wanted: "scan, accept or deny")
        }
        key = try row.identifier(0)
        lane = Int32(try row.int(1))
        slice = try row.int(2)
        let signedAt = try row.optionalText(7)
        hasTime = signedAt != nil
        text = SubmissionText(
            action: action, transactionID: try row.identifier(3), secretDigest: try row.bytes(4),
            enrollmentID: try row.identifier(5), signedAt: signedAt ?? "",
            promptDigest: try row.optionalText(8))
        signature = try row.optionalText(9)
        isStale = try row.bool(10)
        publicKey = try row.optionalText(11)
        prompt = try Prompt(row)
    }
}

extension ClaimedSubmission.Prompt {
    fileprivate init?(_ row: Row) throws {
        guard let lines = try row.optionalTexts(12) else { return nil }
        self.lines = lines
        secureMessage = try row.optionalText(13)
        signer = try row.optionalIdentifier(14).flatMap { id in
            try row.optionalBytes(15).map { (id, $0) }
        }
    }
}

/// What takes time and needs no row of a portal's to be held.
struct CheckedSubmission: Sendable {
    let claimed: ClaimedSubmission
    let signature: SignatureCheck
    let newPrompt: String?

    init(_ claimed: ClaimedSubmission, _ context: OpenPGPContext, _ sealer: Sealer) throws {
        self.claimed = claimed
        signature = Self.check(claimed, context)
        let mayScan = signature == .missing || signature.fingerprint != nil
        newPrompt = try mayScan ? claimed.prompt.flatMap { try $0.text(claimed, context, sealer) } : nil
    }

    private static func check(_ claimed: ClaimedSubmission, _ context: OpenPGPContext) -> SignatureCheck {
        guard let signature = claimed.signature else { return .missing }
        guard claimed.hasTime else { return .undated }
        guard let publicKey = claimed.publicKey else { return .invalid }
        do throws(SignatureRefusal) {
            let verified = try context.verify(
                signature: signature, message: claimed.text.bytes, by: publicKey)
            return .valid(fingerprint: verified.signingFingerprint)
        } catch {
            return .invalid
        }
    }
}

extension ClaimedSubmission.Prompt {
    /// Nil when there is something to encrypt and no key to encrypt it to.
    fileprivate func text(
        _ claimed: ClaimedSubmission, _ context: OpenPGPContext, _ sealer: Sealer
    ) throws -> String? {
        guard let secureMessage else { return lines.joined(separator: "\n") }
        guard let publicKey = claimed.publicKey, let signer else { return nil }
        let secretKey = try sealer.open(signer.sealed, at: ServerKey.place(signer.id))
        let armor = try context.encrypt(
            Array(secureMessage.utf8), to: publicKey, signedBy: secretKey)
        return (lines + [armor.replacing("\r\n", with: "\n")]).joined(separator: "\n")
    }
}
