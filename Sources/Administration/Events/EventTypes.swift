extension AuditEvent {
    /// Every type there is, by the word before its dot. A test compares this with what the schema and the program write.
    package static let types: [(subject: String, events: [String])] = {
        var types: [(subject: String, events: [String])] = []
        for name in written + operatorActions.map({ $0.event }) {
            let words = name.split(separator: ".").map(String.init)
            let place = types.firstIndex { $0.subject == words[0] } ?? types.endIndex
            if place == types.endIndex { types.append((words[0], [])) }
            if !types[place].events.contains(words[1]) { types[place].events.append(words[1]) }
        }
        return types
    }()

    /// By what is no action that the console has a button for, and by statements of an administrator's own.
    private static let written = [
        "request.started", "request.scanned", "request.accepted", "request.confirmation_refused",
        "request.redeemed", "request.displaced", "request.not_me", "request.redemption_refused",
        "request.authenticated", "request.denied", "request.expired",
        "request.cancelled", "request.failed", "submission.rejected", "enrollment.active",
        "enrollment.rejected", "enrollment.replaced", "enrollment.revoked", "enrollment.locked",
        "enrollment.held", "enrollment.confirmed",
        "webhook.dead", "webhook.sent_again", "webhook.breaker_opened", "webhook.breaker_closed",
        "key.created", "key.resealed", "portal.added", "portal.removed", "portal.changed",
        "portal.webhooks_limited", "portal.secret_rotated", "portal.secret_replaced",
        "portal.signing_key_added", "portal.signing_key_removed", "portal.signing_key_replaced",
        "portal.credential_added", "portal.credential_changed", "portal.credential_removed", "app.added",
        "app.removed", "app.changed", "type.changed", "type.message_added", "type.message_removed",
        "type.message_changed", "callback.changed", "origin.changed", "operator.changed",
        "operator.signed_in", "operator.refused", "operator.second_factor_added",
        "operator.second_factor_replaced", "epoch.began", "epoch.released", "events.archived",
    ]

    /// As `request.started, .scanned; submission.rejected`.
    package static let listOfTypes = types.map { type in
        "\(type.subject)." + type.events.joined(separator: ", .")
    }.joined(separator: "; ")

    /// Whether it is a whole name, or the word before the dot of one.
    package static func isType(_ name: String) -> Bool {
        types.contains { type in
            name == type.subject || type.events.contains { name == "\(type.subject).\($0)" }
        }
    }
}
