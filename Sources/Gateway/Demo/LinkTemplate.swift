/// How a link carries a code into the app on the same device: `acme://sign-in?otp={otp}`.
package struct LinkTemplate: Sendable {
    private let before: Substring
    private let after: Substring

    /// Nil unless it is printable ASCII with a scheme and `{otp}` once. A code needs no escaping in a link.
    package init?(_ text: String) {
        let parts = text.split(separator: "{otp}", omittingEmptySubsequences: false)
        guard parts.count == 2, text.wholeMatch(of: /[A-Za-z][A-Za-z0-9+.-]*:[!-~]+/) != nil,
            text.utf8.count <= 1_024
        else { return nil }
        (before, after) = (parts[0], parts[1])
    }

    /// - Parameter isOpened: the link is for the browser on the device where the app is, of a request that has an address to
    ///   come back to: it tells the app so, by `channel=link`.
    package func link(_ otp: String, isOpened: Bool = false) -> String {
        let link = "\(before)\(otp)\(after)"
        guard isOpened else { return link }
        let (start, fragment) = (link.prefix { $0 != "#" }, link.drop { $0 != "#" })
        return "\(start)\(start.contains("?") ? "&" : "?")channel=link\(fragment)"
    }
}
