import Administration
import Postgres

/// General mobile config, authentication types, callback configuration and log levels: one at a time.
enum SettingsView {
    enum Subject: String, CaseIterable {
        case switches, types, callbacks, logs

        var title: String {
            switch self {
            case .switches: "General"
            case .types: "Authentication types"
            case .callbacks: "Callbacks"
            case .logs: "Log levels"
            }
        }
    }

    static func content(
        _ place: ConsolePlace, _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let subject = place["subject"].flatMap(Subject.init) ?? .switches
        var content: [String: Any] = [
            "subjects": Subject.allCases.map { each in
                [
                    "address": place.with("subject", each == .switches ? nil : each.rawValue).address,
                    "title": each.title, "current": each == subject,
                ] as [String: Any]
            },
            "on\(subject.rawValue.prefix(1).uppercased())\(subject.rawValue.dropFirst())": true,
        ]
        let shown: [String: Any] =
            switch subject {
            case .switches: try await switches(frame, &connection)
            case .types: try await types(frame, &connection)
            case .callbacks: try await callbacks(frame, &connection)
            case .logs: try await levels(frame, &connection)
            }
        content.merge(shown) { $1 }
        return content
    }

    private static func switches(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let settings = try await Settings.read(&connection)
        return ["settings": Settings.Name.allCases.map { row($0, settings, frame) }]
    }

    private static func types(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let types = try await AuthenticationType.list(&connection).map { type -> [String: Any] in
            [
                "name": type.name, "method": type.method,
                "expires": type.requestExpiresIn.components.seconds,
                "protection": protection(of: type),
                "messages": type.messages.map { "\($0.language): \($0.text)" }.joined(separator: "; "),
                "forms": frame.forms(on: .type(type)),
            ]
        }
        return ["types": types, "hasTypes": !types.isEmpty, "addType": frame.forms(on: .types)]
    }

    /// What a type asks for beyond a code and an answer, in words.
    private static func protection(of type: AuthenticationType) -> String {
        let parts = [
            type.scanRequired ? "scan required" : nil,
            type.confirmCode == "never"
                ? nil : "confirmation number \(type.confirmCode.replacing("_", with: " "))",
            type.codeRotation.map { "code changes each \($0.components.seconds) s" },
            type.allowLink ? type.allowQR ? "link allowed" : "link only" : nil,
            type.redeemOnce ? "result taken once" : nil,
            type.sameNetwork == "off" ? nil : "other network: \(type.sameNetwork)",
            type.sameCountry == "off" ? nil : "other country: \(type.sameCountry)",
        ].compactMap { $0 }
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }

    private static func callbacks(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let callbacks = try await Callback.list(portal: nil, &connection).map { callback -> [String: Any] in
            [
                "portal": callback.portal, "url": callback.url, "user": callback.username ?? "none",
                "forms": frame.forms(on: .callback(callback)),
            ]
        }
        let origins = try await BrowserOrigin.list(&connection).map { origin -> [String: Any] in
            [
                "portal": origin.portal, "origin": origin.origin,
                "forms": frame.forms(on: .origin(origin)),
            ]
        }
        let portals = try await Portal.list(&connection).map(\.name)
        return [
            "callbacks": callbacks, "hasCallbacks": !callbacks.isEmpty,
            "addCallback": frame.forms(on: .callbacks(portals: portals)),
            "origins": origins, "hasOrigins": !origins.isEmpty,
            "addOrigin": frame.forms(on: .origins(portals: portals)),
        ]
    }

    private static func levels(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let levels = try await LogLevel.list(&connection).map { ["module": $0.module, "level": $0.level] }
        return ["levels": levels, "hasLevels": !levels.isEmpty, "setLevel": frame.forms(on: .logLevels)]
    }

    private static func row(
        _ name: Settings.Name, _ settings: Settings, _ frame: PageFrame
    ) -> [String: Any] {
        let isOn = settings.values[name] ?? false
        return [
            "name": name.rawValue, "on": isOn, "off": prose(name.withoutIt),
            "forms": frame.forms(on: .setting(name, isOn: isOn)),
        ]
    }
}
