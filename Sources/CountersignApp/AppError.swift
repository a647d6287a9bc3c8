/// What went wrong, told apart by what the app can do about it.
public enum AppError: Error, Sendable, Equatable {
    /// What was scanned holds no code, or more than one.
    case noCode
    /// The code is unknown, expired, used, or another device's. Over HTTP they are all alike.
    case invalidCode
    /// The access token does not count: sign the user in to the app again.
    case signedOut
    /// The enrollment is unknown, revoked or switched off: enroll the device again.
    case notEnrolled(reason: String)
    /// An older device of the user must confirm this one first, or its time must pass; the server's sentence.
    case held(String)
    /// The user may not do that, and why: as when the enrollment is for another user.
    case forbidden(String)
    /// The server does not take this device's key; the sentence says why.
    case rejectedKey(String)
    /// The signature does not count, which a right key never meets.
    case invalidSignature
    /// The device's clock was too far off, even after the server's time was learnt.
    case wrongClock
    /// What was signed is not what the scan has returned.
    case wrongPrompt
    /// Too many scans of this device are open, or too many codes were wrong; seconds, where the server says.
    case tooMany(reason: String, retryAfter: Int?)
    /// The request lacks something or has it in a wrong form; the server's sentence. A fault of the app.
    case malformed(String)
    /// The server cannot answer now; seconds, where it says.
    case unavailable(retryAfter: Int?)
    /// No answer, however often it was tried, and why. What was sent may have arrived: the same submission may be sent
    /// again.
    case unreachable(String)
    /// The message does not open, or the server has not signed it. **Let nobody answer.**
    case notGenuine(String)
    /// An answer that this version does not know.
    case unexpected(status: Int)

    /// What to offer the user.
    public enum Advice: Sendable {
        case scanAgain, signInAgain, enrollAgain, tryLater, doNotAnswer, tellDeveloper
    }

    public var advice: Advice {
        switch self {
        case .noCode, .invalidCode, .wrongPrompt: .scanAgain
        case .signedOut, .forbidden: .signInAgain
        case .notEnrolled: .enrollAgain
        case .tooMany, .unavailable, .unreachable, .wrongClock, .held: .tryLater
        case .notGenuine: .doNotAnswer
        case .rejectedKey, .invalidSignature, .malformed, .unexpected: .tellDeveloper
        }
    }
}

extension AppError: CustomStringConvertible {
    /// A sentence for a log or a developer; without code, token or key.
    public var description: String {
        switch self {
        case .noCode:
            "there is no code: it has 64 characters of A-Z, a-z, 0-9, - and _, alone or in a link"
        case .invalidCode: "the server refuses: the code is not valid; show a new one"
        case .signedOut: "the server refuses: the access token does not count; why, its log says"
        case .notEnrolled(let reason): "the server refuses: \(reason)"
        case .held(let sentence): "the server refuses: \(sentence)"
        case .forbidden(let sentence): "the server refuses: \(sentence)"
        case .rejectedKey(let sentence): "the enrollment is rejected: \(sentence)"
        case .invalidSignature: "the server refuses: the signature does not count"
        case .wrongClock: "the server refuses: the time of the signature is not its own"
        case .wrongPrompt: "the server refuses: what was signed is not what the scan has returned"
        case .tooMany(let reason, _): "the server refuses: \(reason)"
        case .malformed(let sentence): "the server refuses: \(sentence)"
        case .unavailable: "the server cannot answer now"
        case .unreachable(let sentence): sentence
        case .notGenuine(let sentence): "do not answer: the secure message is not the server's: \(sentence)"
        case .unexpected(let status):
            "the server answers with the status \(status), which the API for apps never does: is this its address, "
                + "and does it serve apps?"
        }
    }
}
