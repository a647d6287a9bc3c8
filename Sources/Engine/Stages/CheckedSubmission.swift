import Countersign
import OpenPGP
import Places
import Postgres

/// A submission after everything that takes time, for which nothing in the database is held.
struct CheckedSubmission: Sendable {
    let claimed: ClaimedSubmission
    let signature: SignatureCheck
    /// By which the same signature is known again, whatever it looks like.
    let signed: [UInt8]?
    /// Why the signature does not count, in words.
    let refusal: String?
    let newPrompt: String?
    /// Nil where countries are not compared.
    let country: PromptLines.Match?

    init(
        _ claimed: ClaimedSubmission, _ context: OpenPGPContext, _ sealer: Sealer, _ places: Places?
    ) throws {
        self.claimed = claimed
        let country = claimed.country(places)
        self.country = country
        (signature, signed, refusal) = Self.check(claimed, context)
        let mayScan = signature == .missing || signature.fingerprint != nil
        newPrompt =
            try mayScan
            ? claimed.prompt.flatMap { try $0.text(claimed, context, sealer, places, country) } : nil
    }

    /// One that takes no OpenPGP.
    init(plain claimed: ClaimedSubmission, _ places: Places?) {
        self.claimed = claimed
        (signature, signed, refusal) = (.missing, nil, nil)
        country = claimed.country(places)
        newPrompt = claimed.prompt?.lines(places, country).joined(separator: "\n")
    }

    private static func check(
        _ claimed: ClaimedSubmission, _ context: OpenPGPContext
    ) -> (SignatureCheck, signed: [UInt8]?, refusal: String?) {
        guard let signature = claimed.signature else { return (.missing, nil, nil) }
        guard claimed.hasTime else { return (.undated, nil, nil) }
        guard let publicKey = claimed.publicKey else { return (.invalid, nil, nil) }
        do throws(SignatureRefusal) {
            let verified = try context.verify(
                signature: signature, message: claimed.text.bytes, by: publicKey)
            return (.valid(fingerprint: verified.signingFingerprint), verified.digest, nil)
        } catch {
            let differing = error == .otherText ? claimed.text.difference(signedBy: signature) : nil
            return (.invalid, nil, differing ?? "\(error)")
        }
    }
}

extension ClaimedSubmission {
    /// Whether the visitor and the device are in one country; unknown without a file of places, and where the file does not
    /// say.
    fileprivate func country(_ places: Places?) -> PromptLines.Match? {
        guard sameCountry != nil else { return nil }
        let visitor = visitorAddress.flatMap { places?.place(of: $0)?.countryCode }
        let device = deviceAddress.flatMap { places?.place(of: $0)?.countryCode }
        guard let visitor, let device else { return .unknown }
        return visitor == device ? .same : .other
    }
}

extension ClaimedSubmission.Prompt {
    /// With the place of the visitor's address, where places are known.
    fileprivate func lines(_ places: Places?, _ country: PromptLines.Match?) -> [String] {
        var words = words
        words.country = country
        words.place = words.address.flatMap { places?.place(of: $0, language: words.language) }
        return words.lines
    }

    /// Nil when there is something to encrypt and no key to encrypt it to, or one to which nothing can be encrypted: subkeys
    /// have ends of their own.
    fileprivate func text(
        _ claimed: ClaimedSubmission, _ context: OpenPGPContext, _ sealer: Sealer, _ places: Places?,
        _ country: PromptLines.Match?
    ) throws -> String? {
        let lines = lines(places, country)
        guard let secureMessage else { return lines.joined(separator: "\n") }
        guard let publicKey = claimed.publicKey, let signer else { return nil }
        let secretKey = try sealer.open(signer.sealed, at: ServerKey.place(signer.id))
        let armor: String
        do {
            armor = try context.encrypt(Array(secureMessage.utf8), to: publicKey, signedBy: secretKey)
        } catch {
            guard try context.canEncrypt(to: publicKey) else { return nil }
            throw error
        }
        return (lines + [armor.replacing("\r\n", with: "\n")]).joined(separator: "\n")
    }
}
