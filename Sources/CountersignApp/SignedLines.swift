import Crypto
public import Foundation
import OpenPGPPackets

/// What a device signs: exactly seven lines in UTF-8, each ended by a line feed.
///
/// They bind an answer to its request, to the code, to the device, to the moment, and to what the user was shown.
public struct SignedLines: Sendable, Hashable {
    public let action: Action
    public let code: Code
    public let enrollmentID: UUID
    /// RFC 3339 in UTC, to the second, as `2026-01-31T08:00:00Z`.
    public let signedAt: String
    /// SHA-256 of the prompt's bytes in lower-case hexadecimal; `-` for a scan, and for an answer without a scan
    /// before.
    public let promptDigest: String

    /// - Parameter prompt: what the scan has returned, and the user has seen: for an answer after a scan.
    public init(_ action: Action, _ code: Code, enrollmentID: UUID, at time: Date, prompt: Prompt? = nil) {
        self.action = action
        self.code = code
        self.enrollmentID = enrollmentID
        signedAt = Self.text(of: time)
        promptDigest = prompt?.digest ?? "-"
    }

    public var bytes: [UInt8] {
        let lines = [
            "countersign-v1", action.rawValue, code.transactionID.uuidString.lowercased(),
            hexadecimal(code.secretDigest), enrollmentID.uuidString.lowercased(), signedAt, promptDigest,
        ]
        return Array(lines.map { $0 + "\n" }.joined().utf8)
    }

    private static func text(of time: Date) -> String {
        time.formatted(.iso8601)
    }
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String { PacketNumber.hexadecimal(bytes).lowercased() }
