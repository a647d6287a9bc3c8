import Administration
import Logging
import Postgres

/// General mobile config, authentication types, callback configuration and log levels.
enum SettingsView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let settings = try await Settings.read(&connection)
        let types = try await AuthenticationType.list(&connection).map { type -> [String: Any] in
            [
                "name": type.name, "method": type.method,
                "expires": type.requestExpiresIn.components.seconds,
                "messages": type.messages.map { "\($0.language): \($0.text)" }.joined(separator: "; "),
                "forms": frame.forms(
                    ConsoleForm(
                        .removeType, "Remove", "type \(type.name)", name: type.name,
                        warning: "New requests of it are refused (CS002). Open ones go on.")),
            ]
        }
        let callbacks = try await Callback.list(portal: nil, &connection).map { callback -> [String: Any] in
            [
                "portal": callback.portal, "url": callback.url, "user": callback.username ?? "none",
                "forms": frame.forms(
                    ConsoleForm(
                        .removeCallback, "Remove", "\(callback.url) of \(callback.portal)",
                        name: callback.portal,
                        [.init(name: "value", caption: "", value: callback.url, kind: .hidden)],
                        warning: "What waits for it is given up, unless callback_allowlist_enabled is off.")),
            ]
        }
        let levels = try await LogLevel.list(&connection).map { ["module": $0.module, "level": $0.level] }
        let portals = try await Portal.list(&connection).map(\.name)
        return [
            "settings": Settings.Name.allCases.map { row($0, settings, frame) }, "types": types,
            "hasTypes": !types.isEmpty, "callbacks": callbacks, "hasCallbacks": !callbacks.isEmpty,
            "levels": levels, "hasLevels": !levels.isEmpty, "addType": frame.forms(addingType),
            "addCallback": portals.isEmpty ? [] : frame.forms(addingCallback(portals)),
            "setLevel": frame.forms(settingLevel),
        ]
    }

    private static func row(
        _ name: Settings.Name, _ settings: Settings, _ frame: PageFrame
    ) -> [String: Any] {
        let isOn = settings.values[name] ?? false
        let form =
            isOn
            ? ConsoleForm(
                .switchOff, "Switch off", name.rawValue, name: name.rawValue, warning: name.withoutIt)
            : ConsoleForm(.switchOn, "Switch on", name.rawValue, name: name.rawValue)
        return ["name": name.rawValue, "on": isOn, "off": name.withoutIt, "forms": frame.forms(form)]
    }

    private static let addingType = ConsoleForm(
        .addType, "Add", "authentication type",
        [
            .init(name: "name", caption: "Name", hint: "qr-code", size: 16),
            .init(name: "seconds", caption: "Expires in (30 to 600 s)", hint: "180", size: 5),
            .init(
                name: "value", caption: "Messages, one a line", hint: "en=Sign in to Acme", kind: .lines),
        ])

    private static func addingCallback(_ portals: [String]) -> ConsoleForm {
        ConsoleForm(
            .addCallback, "Add", "callback address",
            [
                .init(name: "name", caption: "Portal", kind: .choice(portals)),
                .init(name: "value", caption: "Address", hint: "https://acme.example/callback", size: 36),
            ])
    }

    private static let settingLevel = ConsoleForm(
        .logLevel, "Set", "log level",
        [
            .init(name: "name", caption: "Module", value: "all"),
            .init(
                name: "value", caption: "Level",
                kind: .choice(["default"] + Logger.Level.allCases.map(\.rawValue))),
        ])
}

extension Settings.Name {
    /// What is so while it is off.
    fileprivate var withoutIt: String {
        switch self {
        case .mobileAuthentication: "New requests are refused (CS001), and open ones expire."
        case .enrollment: "Enrolling and new requests are refused (CS007), and so is what apps submit."
        case .uniqueKeys: "All enrollments share one OpenPGP key pair of the server's."
        case .signatureRequired: "Apps vouch for their users: submissions need no signature."
        case .callbackAllowlist: "Portals may name any callback address."
        }
    }
}
