package import Postgres

/// What an administrator wants and cannot have. The description is one sentence without secrets.
package enum AdministrationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is nothing of that name; what there is instead, eleven names at most.
    case unknown(NamedThing, name: String, existing: [String])
    case refused(String)
    case notAllowed(GroupRole)

    package var description: String {
        switch self {
        case .refused(let sentence):
            sentence
        case .notAllowed(let group):
            "this needs a login that is a member of \(group.name)"
        case .unknown(let thing, let name, let existing) where existing.isEmpty:
            "there is no \(thing.rawValue) \(quotedWord(name)), and none at all yet: see `countersign \(thing.command) add --help`"
        case .unknown(let thing, let name, let existing) where existing.count > NamedThing.shown:
            "there is no \(thing.rawValue) \(quotedWord(name)): `countersign \(thing.command) list` shows those that there are"
        case .unknown(let thing, let name, let existing):
            "there is no \(thing.rawValue) \(quotedWord(name)); there is \(existing.joined(separator: ", "))"
        }
    }

    /// Reads what a constraint of the configuration tables refused; nil for any other error.
    package init?(_ error: PostgresError) {
        guard error.state == "23505" || error.state == "23514",
            let sentence = error.constraint.flatMap({ constraintSentences[$0] })
        else { return nil }
        self = .refused(sentence)
    }
}

/// By constraint, what is allowed.
let constraintSentences = [
    "apps_enrollment_hold": "a further device is held for 60 to 2592000 seconds, or 0 for none",
    "apps_max_malformed_per_user": "1 to 100000 submissions of a user may be malformed within ten minutes",
    "apps_max_enrollments_per_hour": "a device may be enrolled 1 to 100000 times within an hour",
    "apps_max_devices_per_user": "a user may have 1 to 1000 devices",
    "apps_max_waiting": "1 to 100000000 submissions of an app may wait",
    "apps_max_waiting_per_device": "1 to 100000000 submissions of a device may wait",
    "apps_login_once": "that login belongs to another app",
    "apps_name_form": "an app's name must be 1 to 63 of a-z, 0-9 and -, and not begin with -",
    "apps_name_once": "there is an app of that name already",
    "auth_type_messages_language":
        "a message's language must be a lower-case language tag such as en or nl-be",
    "auth_type_messages_length": "a message must have 1 to 155 characters",
    "auth_type_messages_visible": "a message must have a character that can be seen",
    "auth_type_messages_visitor_length": "a line on the visitor must have 1 to 155 characters",
    "auth_type_messages_visitor_line":
        "a line on the visitor has [operatingSystem], [browser], [countryCode], [region] or [city], no other [ ], "
        + "and each ( is closed before the next",
    "auth_type_messages_pkey": "two messages have the same language",
    "auth_types_code_rotation": "a code is shown for 1 to 60 seconds, or 0 for all of them",
    "auth_types_channels": "a type takes scans, links, or both",
    "auth_types_same_country": "countries are compared off, tell or refuse",
    "auth_types_same_network": "networks are compared off, tell or refuse",
    "auth_types_confirm_code": "a confirmation number is asked for never, always or with a new_browser",
    "auth_types_name_form":
        "an authentication type's name must be 1 to 63 of A-Z, a-z, 0-9, ., _ and -, "
        + "and begin with a letter or a digit",
    "auth_types_pkey": "there is an authentication type of that name already",
    "auth_types_request_expires_in": "a request must expire in 30 to 600 seconds",
    "browser_origins_form":
        "an origin must be a scheme, a host and at most a port, in lower case, as https://acme.example or "
        + "http://127.0.0.1:3000: no path, and no port that is the scheme's own",
    "browser_origins_pkey": "the portal has that origin already",
    "callback_urls_once": "the portal has that callback address already: remove it first to change it",
    "callback_urls_username": "a user name for Basic authentication must not hold a colon",
    "log_levels_module": "a module's name must be 1 to 32 of a-z, 0-9 and -, as issue or gateway",
    "operators_name_form":
        "an operator's name must be 1 to 63 of a-z, 0-9, ., _ and -, and begin with a letter or a digit",
    "operators_pkey": "there is an operator of that name already",
    "pg_authid_rolname_index": "somebody else is creating that login at this moment: try again",
    "portal_credentials_form":
        "a client id must be 1 to 64 of A-Z, a-z, 0-9, ., _ and -, and begin with a letter or a digit",
    "portal_credentials_pkey": "there is such a client id already",
    "portals_display_name_line": "a display name must be one line of printable characters",
    "portals_display_name_length": "a display name must have 1 to 100 characters",
    "portals_login_once": "that login belongs to another portal",
    "portals_webhook_concurrency": "a receiver gets 1 to 100 webhooks at a time",
    "portals_webhook_rate": "a receiver gets 1 to 100000 webhooks a second, or 0 for any number",
    "portals_name_form": "a portal's name must be 1 to 63 of a-z, 0-9 and -, and not begin with -",
    "portals_name_once": "there is a portal of that name already",
]
