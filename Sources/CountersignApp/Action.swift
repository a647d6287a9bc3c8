/// What a submission does.
public enum Action: String, Sendable, CaseIterable {
    /// Binds the request to this device, and returns the prompt.
    case scan
    /// Signs the user in.
    case accept
    /// Ends the request without a sign-in.
    case deny
    /// Lets another device of the user answer, which waits for that.
    case confirm
}
