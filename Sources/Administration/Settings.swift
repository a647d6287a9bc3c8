package import Postgres

/// The switches of the whole installation.
package struct Settings: Sendable, Hashable {
    /// The raw value is the column and the name that operators type.
    package enum Name: String, Sendable, CaseIterable {
        case mobileAuthentication = "mobile_authentication_enabled"
        case enrollment = "enrollment_enabled"
        case uniqueKeys = "unique_pgp_keys_per_enrollment"
        case signatureRequired = "signature_required"
        case callbackAllowlist = "callback_allowlist_enabled"
        case resumeAfterRestore = "resume_after_restore"
        case evidenceKept = "evidence_kept_after_erasure"
    }

    package let values: [Name: Bool]
    package let updatedAt: Timestamp
}

extension Settings {
    package static func read(_ connection: inout Connection) async throws -> Settings {
        try await connection.run(ReadSettings()).one()
    }
}

struct ReadSettings: PreparedStatement {
    static let statement = Statement(
        "settings.read",
        """
        SELECT mobile_authentication_enabled, enrollment_enabled, unique_pgp_keys_per_enrollment, signature_required,
               callback_allowlist_enabled, resume_after_restore, evidence_kept_after_erasure, updated_at
        FROM countersign.settings
        """)

    static func decode(_ row: inout RowReader) throws -> Settings {
        let values: [Settings.Name: Bool] = [
            .mobileAuthentication: try row.bool("mobile_authentication_enabled"),
            .enrollment: try row.bool("enrollment_enabled"),
            .uniqueKeys: try row.bool("unique_pgp_keys_per_enrollment"),
            .signatureRequired: try row.bool("signature_required"),
            .callbackAllowlist: try row.bool("callback_allowlist_enabled"),
            .resumeAfterRestore: try row.bool("resume_after_restore"),
            .evidenceKept: try row.bool("evidence_kept_after_erasure"),
        ]
        return Settings(values: values, updatedAt: try row.timestamp("updated_at"))
    }
}

extension Settings.Name {
    init(typed name: String) throws(AdministrationError) {
        guard let known = Settings.Name(rawValue: name) else {
            let names = Settings.Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw .refused("there is no setting \(name); there is \(names)")
        }
        self = known
    }

    /// What is so while it is off.
    package var withoutIt: String {
        switch self {
        case .mobileAuthentication: "New requests are refused (CS001), and open ones expire."
        case .enrollment: "Enrolling and new requests are refused (CS007), and so is what apps submit."
        case .uniqueKeys: "All enrollments share one OpenPGP key pair of the server's."
        case .signatureRequired: "Apps vouch for their users: submissions need no signature."
        case .callbackAllowlist: "Portals may name any callback address."
        case .evidenceKept: "With a user who is erased goes what they have signed."
        case .resumeAfterRestore: "After a restore nobody works until `countersign restored` has run."
        }
    }
}

extension Settings.Name {
    /// Whether something that was refused is possible while it is off.
    package var protects: Bool {
        switch self {
        case .signatureRequired, .callbackAllowlist, .uniqueKeys: true
        case .mobileAuthentication, .enrollment, .resumeAfterRestore, .evidenceKept: false
        }
    }
}

/// Reads what operators write for a switch; nil for anything else.
package func switchPosition(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "on", "yes", "1": true
    case "false", "off", "no", "0": false
    default: nil
    }
}
