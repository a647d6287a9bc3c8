import Administration
import Postgres

/// Apps, their enrollments, and the server's shared key: what an operator may do to them.
enum AppsView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let apps = try await App.list(&connection).map { app -> [String: Any] in
            [
                "name": app.name, "login": app.login, "enabled": app.isEnabled,
                "devices": ConsolePlace(.enrollments, ["app": app.name]).address,
                "forms": frame.forms(on: .app(app)),
            ]
        }
        return [
            "apps": apps, "hasApps": !apps.isEmpty,
            "sharedKey": frame.forms(on: .sharedKey),
        ]
    }
}
