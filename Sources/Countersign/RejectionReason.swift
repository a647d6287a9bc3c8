/// Why a submission was refused. Stable: apps see the raw value in `submission_results.reason`.
package enum RejectionReason: String, Sendable, CaseIterable {
    case malformed
    case unknownCode = "unknown_code"
    case expired
    case alreadyUsed = "already_used"
    case otherDevice = "other_device"
    case notEnrolled = "not_enrolled"
    case enrollmentRevoked = "enrollment_revoked"
    case enrollmentHeld = "enrollment_held"
    case enrollmentDisabled = "enrollment_disabled"
    case invalidSignature = "invalid_signature"
    case staleSignature = "stale_signature"
    case wrongPrompt = "wrong_prompt"
    case otherNetwork = "other_network"
    case otherCountry = "other_country"
    case wrongChannel = "wrong_channel"
    case lockedOut = "locked_out"
    /// Said by the insert itself, see `take_submission`.
    case tooManyWaiting = "too_many_waiting"
    case tooManyMalformed = "too_many_malformed"
}
