extension AuditEvent {
    /// Every type there is, by the word before its dot. A test compares this with what the schema and the program
    /// write.
    package static let types: [(subject: String, events: [String])] = [
        (
            "request",
            ["started", "scanned", "authenticated", "denied", "expired", "cancelled", "failed"]
        ),
        ("submission", ["rejected"]),
        ("enrollment", ["active", "rejected", "replaced", "revoked", "locked"]),
        ("webhook", ["dead", "sent_again", "breaker_opened", "breaker_closed"]),
        ("key", ["created", "rotated", "resealed"]),
        (
            "portal",
            [
                "added", "enabled", "disabled", "paused", "resumed", "limited", "webhooks_limited",
                "secret_rotated",
                "signing_key_added", "signing_key_removed", "credential_added", "credential_rotated",
                "credential_removed",
            ]
        ),
        ("app", ["added", "enabled", "disabled"]),
        ("type", ["added", "removed"]),
        ("callback", ["added", "removed"]),
        ("settings", ["changed"]),
        ("stage", ["paused", "resumed", "batch_size"]),
        ("worker", ["drained"]),
        ("log_level", ["changed"]),
        ("operator", ["added", "removed", "signed_in"]),
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
