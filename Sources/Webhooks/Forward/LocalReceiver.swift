import Countersign
package import Engine

/// A developer's own receiver, on this machine and nowhere else: the webhooks of a portal are sent to it as they would be to
/// the portal's callback address.
package struct LocalReceiver: Sendable {
    private let address: CallbackAddress
    private let client: DeliveryClient
    private let signer: WebhookSigner
    private let clock: DatabaseClock

    /// Of an answer. A receiver may stand still in a debugger.
    private static let patience = Duration.seconds(600)
    /// After which a worker gives an attempt up.
    package static let usualPatience = DeliveryClient.Limits().total

    private static let loopback = AddressRange.known("127.0.0.0/8, ::1")

    /// Throws `AddressRefusal` for what is not on this machine, and `WebhookSigner.WeakSecret`.
    package init(_ uri: String, secret: [UInt8], clock: DatabaseClock) throws {
        address = try CallbackAddress(uri)
        signer = try WebhookSigner(secrets: [secret])
        self.clock = clock
        guard Self.isLocal(address.host) else {
            throw AddressRefusal(
                "webhooks are forwarded to this machine only, as to http://127.0.0.1:3000/callback, "
                    + "not to \(address.hostText)")
        }
        var limits = DeliveryClient.Limits()
        limits.total = Self.patience
        let policy = AddressPolicy(plainHTTP: Self.loopback, allowed: Self.loopback, ports: [1...65_535])
        client = DeliveryClient(
            limits, policy: policy, trustRoots: .system(), connections: 1, clock: clock
        ) { _, _ in [IPAddress("127.0.0.1"), IPAddress("::1")].compactMap(\.self) }
    }

    /// Of names only those that mean this machine whatever a resolver says (RFC 6761 section 6.3).
    private static func isLocal(_ host: CallbackAddress.Host) -> Bool {
        switch host {
        case .name(let name): name == "localhost" || name.hasSuffix(".localhost")
        case .address(let address): loopback.contains { $0.contains(address) }
        }
    }

    /// One attempt. A name has two addresses, of which servers listen at either.
    package func post(_ end: RequestEnd) async throws -> DeliveryResult {
        let message = WebhookMessage(
            transactionID: end.transactionID, epoch: end.epoch, status: end.status,
            denyReason: end.denyReason, callbackURI: end.callbackURI ?? address.url,
            occurredAt: end.occurredAt)
        let headers = try message.headers(at: Int64(clock.seconds), signer)
        let result = await client.post(message.body, to: address.url, of: 0, headers: headers)
        guard result.failure == .connection, case .name = address.host else { return result }
        return await client.post(message.body, to: address.url, of: 0, headers: headers)
    }
}
