/// The portal for trying out.
package struct DemoConfiguration: Sendable {
    /// As `countersign portal add` called it.
    package var portal: String
    package var type: String
    /// One of the portal's callback addresses. `/demo/callback` of this server takes what is posted there.
    package var callback: String

    package init(portal: String, type: String, callback: String) {
        (self.portal, self.type, self.callback) = (portal, type, callback)
    }
}
