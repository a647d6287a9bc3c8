import Administration
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
                "expires": type.requestExpiresIn.components.seconds, "confirm": type.confirmCode,
                "redeem": type.redeemOnce ? "yes" : "no",
                "rotation": type.codeRotation.map { "\($0.components.seconds) s" } ?? "never",
                "messages": type.messages.map { "\($0.language): \($0.text)" }.joined(separator: "; "),
                "forms": frame.forms(on: .type(type)),
            ]
        }
        let callbacks = try await Callback.list(portal: nil, &connection).map { callback -> [String: Any] in
            [
                "portal": callback.portal, "url": callback.url, "user": callback.username ?? "none",
                "forms": frame.forms(on: .callback(callback)),
            ]
        }
        // Who has an account is for administrators, as actors are.
        let accounts = frame.isAdmin ? try await ConsoleAccount.list(&connection) : []
        let levels = try await LogLevel.list(&connection).map { ["module": $0.module, "level": $0.level] }
        let portals = try await Portal.list(&connection).map(\.name)
        return [
            "settings": Settings.Name.allCases.map { row($0, settings, frame) }, "types": types,
            "hasTypes": !types.isEmpty, "callbacks": callbacks, "hasCallbacks": !callbacks.isEmpty,
            "levels": levels, "hasLevels": !levels.isEmpty, "addType": frame.forms(on: .types),
            "addCallback": frame.forms(on: .callbacks(portals: portals)),
            "accounts": accounts.map { row($0, frame) }, "addAccount": frame.forms(on: .operators),
            "setLevel": frame.forms(on: .logLevels),
        ]
    }

    private static func row(_ account: ConsoleAccount, _ frame: PageFrame) -> [String: Any] {
        [
            "name": account.name, "may": account.isAdmin ? "look and change" : "look",
            "factor": account.hasSecondFactor ? "yes" : "none", "forms": frame.forms(on: .account(account)),
        ]
    }

    private static func row(
        _ name: Settings.Name, _ settings: Settings, _ frame: PageFrame
    ) -> [String: Any] {
        let isOn = settings.values[name] ?? false
        return [
            "name": name.rawValue, "on": isOn, "off": name.withoutIt,
            "forms": frame.forms(on: .setting(name, isOn: isOn)),
        ]
    }
}
