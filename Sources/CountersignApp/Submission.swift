public import Foundation

/// A signed scan or answer, ready to be sent: over HTTP by `Client`, or by an app's own back end as a row of
/// `countersign.submissions`, whose columns have these names.
///
/// Sending the same one again is safe: where the first was accepted, it gets the outcome of the first.
public struct Submission: Sendable, Hashable {
    public let lines: SignedLines
    /// A detached OpenPGP signature of the lines in ASCII armor.
    public let signature: String
    /// `not_me` where the user has declined with the word that it was somebody else. It is not signed.
    public var denyReason: String?

    public var enrollmentID: UUID { lines.enrollmentID }
    public var otp: String { lines.code.text }
    public var action: Action { lines.action }
    public var signedAt: String { lines.signedAt }
    public var promptDigest: String { lines.promptDigest }
    /// `link`, or nil for a code that was scanned. It is not signed.
    public var channel: String? { lines.code.isFromLink ? "link" : nil }
}

extension DeviceKey {
    /// Signs a scan or an answer.
    ///
    /// - Parameters:
    ///   - time: the server's, at most five minutes off: see `Client.now()`.
    ///   - prompt: what the scan has returned and the user has seen: for an answer after a scan.
    /// - Throws: what the signer throws, as when the user declines to unlock it.
    public func submission(
        _ action: Action, _ code: Code, enrollmentID: UUID, at time: Date, prompt: Prompt? = nil
    ) async throws -> Submission {
        let lines = SignedLines(action, code, enrollmentID: enrollmentID, at: time, prompt: prompt)
        return Submission(lines: lines, signature: try await sign(lines.bytes, at: time))
    }
}
