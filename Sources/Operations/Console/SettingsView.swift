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
                "expires": type.requestExpiresIn.components.seconds,
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
        let levels = try await LogLevel.list(&connection).map { ["module": $0.module, "level": $0.level] }
        let portals = try await Portal.list(&connection).map(\.name)
        return [
            "settings": Settings.Name.allCases.map { row($0, settings, frame) }, "types": types,
            "hasTypes": !types.isEmpty, "callbacks": callbacks, "hasCallbacks": !callbacks.isEmpty,
            "levels": levels, "hasLevels": !levels.isEmpty, "addType": frame.forms(on: .types),
            "addCallback": frame.forms(on: .callbacks(portals: portals)),
            "setLevel": frame.forms(on: .logLevels),
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
