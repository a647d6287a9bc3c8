import Countersign
import OpenPGP
import Postgres

/// A row of the claim: what cannot change any more, and what its signature and prompt are made of.
struct ClaimedSubmission: RowReadable, Sendable {
    /// What the prompt of a scan is made of. Nil in `ClaimedSubmission` unless a scan may come about.
    struct Prompt: Sendable {
        let words: PromptLines
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
    /// Whether a link has opened the app.
    let isByLink: Bool
    /// Whether it came by a link, and its type or its request takes none. Whether it takes anything else is seen once the
    /// request is held.
    let isInWrongChannel: Bool
    /// The device's, as the app's back end sees them.
    let deviceAddress: String?
    let deviceAgent: String?
    /// Nil where networks are not compared.
    let network: PromptLines.Match?
    let refusesOtherNetwork: Bool
    /// `tell` or `refuse`; nil where countries are not compared.
    let sameCountry: String?
    /// The visitor's, where countries are compared.
    let visitorAddress: String?
    /// What it confirms, of one that confirms an enrollment.
    let confirmed: Candidate.Confirmed?
    let userID: String?
    /// Of an active enrollment.
    let keyFingerprint: String?
    /// Nil also when nobody needs it.
    let publicKey: String?
    let prompt: Prompt?

    init(_ row: inout RowReader) throws {
        key = try row.identifier("key")
        lane = Int32(try row.int("lane"))
        slice = try row.int("slice")
        claimedOfLane = try row.int("claimed")
        lastOfLane = try row.identifier("last")
        leases = try row.int("leases")
        time = try row.timestamp("now")
        let (transactionID, secretDigest) = (
            try row.identifier("transaction_id"), try row.bytes("secret_digest")
        )
        let (enrollmentID, word) = (try row.identifier("enrollment"), try row.text("action"))
        let (signedAt, promptDigest) = (
            try row.optionalText("signed_at"), try row.optionalText("prompt_digest")
        )
        signature = try row.optionalText("signature")
        isStale = try row.bool("is_stale")
        isByLink = try row.bool("is_by_link")
        isInWrongChannel = try row.bool("is_wrong_channel")
        deviceAddress = try row.optionalText("device_address")
        deviceAgent = try row.optionalText("device_agent")
        refusesOtherNetwork = try row.optionalBool("refuses_network") ?? false
        sameCountry = try row.optionalText("same_country")
        visitorAddress = try row.optionalText("visitor_address")
        network = try row.optionalText("network_match").flatMap(PromptLines.Match.init)
        confirmed = try row.optionalText("confirmed").flatMap(Candidate.Confirmed.init)
        userID = try row.optionalText("user_id")
        keyFingerprint = try row.optionalText("key_fingerprint")
        publicKey = try row.optionalText("public_key")
        prompt = try Prompt(&row, network, isByLink: isByLink)
        guard let action = SubmissionAction(rawValue: word) else {
            throw DecodingFailure(
                column: "action", found: "another word", wanted: "scan, accept, deny or confirm")
        }
        hasTime = signedAt != nil
        text = SubmissionText(
            action: action, transactionID: transactionID, secretDigest: secretDigest,
            enrollmentID: enrollmentID, signedAt: signedAt ?? "", promptDigest: promptDigest)
    }

    /// Whose budget is used by working with its key; nil when nothing is.
    var payer: CryptoPayer? { publicKey == nil ? nil : userID.map { CryptoPayer(app: lane, user: $0) } }
}

extension ClaimedSubmission.Prompt {
    fileprivate init?(_ row: inout RowReader, _ network: PromptLines.Match?, isByLink: Bool) throws {
        let (portal, message) = (try row.optionalText("display_name"), try row.optionalText("message"))
        let number = try row.optionalText("confirm_number")
        let asksIfNew = try row.optionalBool("confirm_if_new") ?? false
        let browser = try PromptLines.Browser(&row)
        let address = try row.optionalText("ip_address")
        let (agent, language) = (try row.optionalText("user_agent"), try row.optionalText("language_code"))
        let line = try row.optionalText("visitor_line")
        secureMessage = try row.optionalText("secure_message")
        let (id, sealed) = (try row.optionalIdentifier("server_key_id"), try row.optionalBytes("secret_key"))
        guard let portal, let message else { return nil }
        var words = PromptLines(
            portal: portal, message: message,
            number: isByLink || (asksIfNew && browser?.isKnown == true) ? nil : number, browser: browser,
            network: network, address: address, userAgent: agent, language: language)
        words.visitorLine = line
        self.words = words
        signer = id.flatMap { id in sealed.map { (id, $0) } }
    }
}

extension PromptLines.Browser {
    fileprivate init?(_ row: inout RowReader) throws {
        let (isGiven, day) = (try row.optionalBool("has_browser"), try row.optionalText("browser_used_on"))
        guard isGiven == true else { return nil }
        self = day.map(PromptLines.Browser.lastUsed) ?? .new
    }
}
