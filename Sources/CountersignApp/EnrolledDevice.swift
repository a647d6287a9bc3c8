public import Foundation

/// A device of the user, as the server lists it, for the page on which a user sees his devices.
public struct EnrolledDevice: Sendable, Hashable {
    /// Of its enrollment.
    public let id: UUID
    public let deviceID: String
    /// What the user calls it.
    public let name: String?
    public let platform: String?
    /// `pending`, `active`, `rejected` or `revoked`.
    public let status: String
    /// Why it was rejected or revoked.
    public let reason: String?
    /// Until when it may not answer, unless an older device of the user confirms it; nil when it is not held.
    public let heldUntil: Date?
    /// Of one that is held: what an older device passes to `Client.confirm` once its user has said that it is his.
    public let confirmation: Code?

    public init(
        id: UUID, deviceID: String, name: String?, platform: String?, status: String, reason: String?,
        heldUntil: Date?, confirmation: Code?
    ) {
        (self.id, self.deviceID, self.name, self.platform) = (id, deviceID, name, platform)
        (self.status, self.reason) = (status, reason)
        (self.heldUntil, self.confirmation) = (heldUntil, confirmation)
    }

    /// When it was enrolled: the id begins with its milliseconds (RFC 9562 section 5.7).
    public var createdAt: Date {
        let b = id.uuid
        let milliseconds = [b.0, b.1, b.2, b.3, b.4, b.5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
