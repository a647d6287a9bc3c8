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
    /// Of the lane: how many rows were looked at, and the last of them.
    let claimedOfLane: Int
    let lastOfLane: Identifier
    /// How often it was leased since somebody came to its end.
    let leases: Int
    /// The database's.
    let time: Timestamp
    let text: SubmissionText
    let hasTime: Bool
    let isStale: Bool
    /// Empty when what was sent is no armor.
    let signature: String?
    let userID: String?
    /// Of an active enrollment.
    let keyFingerprint: String?
    /// Nil also when nobody needs it.
    let publicKey: String?
    let prompt: Prompt?

    init(_ row: Row) throws {
        guard let action = SubmissionAction(rawValue: try row.text(10)) else {
            throw DecodingFailure(column: "action", found: "another word", wanted: "scan, accept or deny")
        }
        key = try row.identifier(0)
        lane = Int32(try row.int(1))
        slice = try row.int(2)
        claimedOfLane = try row.int(3)
        lastOfLane = try row.identifier(4)
        leases = try row.int(5)
        time = try row.timestamp(6)
        let signedAt = try row.optionalText(11)
        hasTime = signedAt != nil
        text = SubmissionText(
            action: action, transactionID: try row.identifier(7), secretDigest: try row.bytes(8),
            enrollmentID: try row.identifier(9), signedAt: signedAt ?? "",
            promptDigest: try row.optionalText(12))
        signature = try row.optionalText(13)
        isStale = try row.bool(14)
        userID = try row.optionalText(15)
        keyFingerprint = try row.optionalText(16)
        publicKey = try row.optionalText(17)
        prompt = try Prompt(row)
    }

    /// Whose budget is used by working with its key; nil when nothing is.
    var payer: CryptoPayer? { publicKey == nil ? nil : userID.map { CryptoPayer(app: lane, user: $0) } }
}

extension ClaimedSubmission.Prompt {
    fileprivate init?(_ row: Row) throws {
        guard let lines = try row.optionalTexts(18) else { return nil }
        self.lines = lines
        secureMessage = try row.optionalText(19)
        signer = try row.optionalIdentifier(20).flatMap { id in
            try row.optionalBytes(21).map { (id, $0) }
        }
    }
}
