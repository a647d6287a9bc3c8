public import Foundation

/// What the server knows this device by. Keep it beside the device's keys; nothing in it is secret.
public struct Enrollment: Sendable, Hashable, Codable {
    public let id: UUID
    public let userID: String
    public let deviceID: String
    /// The server's public key in ASCII armor, by which a secure message is known to be the server's.
    public let serverPublicKey: String?

    public init(id: UUID, userID: String, deviceID: String, serverPublicKey: String?) {
        self.id = id
        self.userID = userID
        self.deviceID = deviceID
        self.serverPublicKey = serverPublicKey
    }
}
