import Countersign
import Crypto
import Foundation
import Postgres

/// The codes that a request shows one after the other, or its only one: `rotated_otp` of SQL, without a look into the
/// database for each step.
struct CodeSteps: Sendable {
    struct Step: Sendable, Equatable {
        let number: Int
        let otp: String
        let validUntil: Timestamp
    }

    let transactionID: Identifier
    /// What was collected: the secret bytes of the only code, or the start of the chain.
    let seed: [UInt8]
    let requestedAt: Timestamp
    let expiresAt: Timestamp
    /// Seconds of a step; nil where the code stays the same.
    let rotation: Int?

    /// Nil before the request was made and once its time is over.
    func step(at now: Timestamp) -> Step? {
        guard now >= requestedAt, now < expiresAt else { return nil }
        guard let rotation else { return Step(number: 0, otp: otp(seed), validUntil: expiresAt) }
        let length = Int64(rotation) * 1_000_000
        let number = Int((now.microseconds - requestedAt.microseconds) / length)
        let life = expiresAt.microseconds - requestedAt.microseconds
        let last = Int((life + length - 1) / length) - 1
        let end = requestedAt.advanced(by: .seconds(rotation * (number + 1)))
        return Step(
            number: number, otp: otp(link(last - number)), validUntil: min(end, expiresAt))
    }

    private func link(_ times: Int) -> [UInt8] {
        (0..<times).reduce(seed) { link, _ in Array(SHA256.hash(data: link)) }
    }

    private func otp(_ secret: [UInt8]) -> String { base64URLEncoded(transactionID.bytes + secret) }
}
