import Administration
import Postgres

/// Who may sign in to the console, and what for.
enum AccountsView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let now = try await connection.run(ReadClock()).one().time
        return [
            "accounts": try await ConsoleAccount.list(&connection).map { row($0, now, frame) },
            "addAccount": frame.forms(on: .operators),
        ]
    }

    private static func row(
        _ account: ConsoleAccount, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        [
            "name": account.name, "role": account.role.rawValue, "portal": account.portal ?? "",
            "factor": account.hasSecondFactor ? "yes" : "none", "made": moment(account.createdAt, now),
            "forms": frame.forms(on: .account(account)),
        ].withoutEmptyTexts
    }
}
