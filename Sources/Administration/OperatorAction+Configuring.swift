package import Postgres

/// Types, callback addresses and deliveries: what else has a command and a button.
extension OperatorAction {
    func add(
        type name: String, expiresIn seconds: Int, _ messages: [AuthenticationType.Message],
        _ connection: inout Connection
    ) async throws -> String {
        try await AuthenticationType.add(name, expiresIn: seconds, messages: messages, &connection)
        return "added authentication type \(name)"
    }

    func remove(type name: String, _ connection: inout Connection) async throws -> String {
        try await AuthenticationType.remove(name, &connection)
        return "removed authentication type \(name)"
    }

    func add(
        callback url: String, to portal: String, _ connection: inout Connection
    ) async throws -> String {
        try await Callback.add(portal: portal, url: url, nil, &connection)
        return "added a callback address to portal \(portal)"
    }

    func remove(
        callback url: String, from portal: String, _ connection: inout Connection
    ) async throws -> String {
        try await Callback.remove(portal: portal, url: url, &connection)
        return "removed a callback address from portal \(portal)"
    }

    func retry(_ id: Identifier, _ connection: inout Connection) async throws -> String {
        if try await WebhookDelivery.sendAgain([id], &connection).contains(id) { return "sending \(id)" }
        guard try await WebhookDelivery.read(id, &connection) != nil else {
            throw WebhookDelivery.unknown(id)
        }
        return "on its way already: \(id)"
    }

    func replay(
        _ portal: String, _ since: Since, _ connection: inout Connection
    ) async throws -> String {
        let now = try await connection.run(SystemStatus.clock)[0].timestamp(0)
        let count = try await WebhookDelivery.replay(
            portal: portal, since: since.moment(now), &connection)
        return "sending \(count) deliveries of portal \(portal) again"
    }
}

extension WebhookDelivery {
    /// To be thrown when there is no such delivery.
    package static func unknown(_ id: Identifier) -> AdministrationError {
        .refused(
            "there is no delivery \(id); one is made when a request ends and kept for 30 days, and "
                + "`countersign webhook list` shows them")
    }
}
