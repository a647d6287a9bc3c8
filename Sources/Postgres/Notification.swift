/// What a channel said: a NOTIFY, or a gap.
package struct Notification: Sendable, Hashable {
    package let channel: String
    /// Empty for a NOTIFY without a payload, and for a gap.
    package let payload: String
    /// The server process that sent the NOTIFY; 0 for a gap.
    package let processID: Int32
    /// True when this is no message but the sign that something sent before may have been missed: listening
    /// has just begun or begun again, or the subscriber's buffer has overflowed. Look at the table.
    package let isGap: Bool

    package init(channel: String, payload: String, processID: Int32, isGap: Bool = false) {
        self.channel = channel
        self.payload = payload
        self.processID = processID
        self.isGap = isGap
    }

    static func gap(in channel: String) -> Notification {
        Notification(channel: channel, payload: "", processID: 0, isGap: true)
    }
}
