import Administration
import ArgumentParser
import Postgres

struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "One user of an app: what there is, a copy of it, and forgetting it.",
        discussion: """
            Examples:
              countersign user show mobile alice
              countersign user export mobile alice
              countersign user erase mobile alice
            """,
        subcommands: [UserShow.self, UserExport.self] + actionCommands("user"))
}

/// Whose data it is. Part of commands that show it.
struct UserArguments: ParsableArguments {
    @Argument(help: "The app's name.")
    var app: String

    @Argument(help: ArgumentHelp("The user, as the app calls them.", valueName: "user-id"))
    var user: String
}

struct UserShow: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a user's devices, sign-ins, refusals and locks.",
        discussion: """
            The devices, and the latest twenty events of 400 days; --json prints all of them.

            Examples:
              countersign user show mobile alice
              countersign user show mobile alice --json
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var whose: UserArguments
    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let user = try await AppUser.read(whose.user, of: whose.app, &connection)
        guard try !output.wantsJSON else { return write(Field.record(user.copy).json()) }
        let devices = TextTable(user.devices.map(\.summary)).text
        let events = TextTable(user.events.prefix(20).map { $0.record(showsUsers: true) }).text
        write([TextTable.details(user.figures), devices, events].joined(separator: "\n\n"))
    }
}

struct UserExport: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print all there is of a user, as JSON.",
        discussion: """
            Devices, the requests that the user has answered (30 days), when browsers were last used (400 days), and \
            events with the evidence of what was signed (400 days). No secret of the server's and no code is in it.

            Example:
              countersign user export mobile alice
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var whose: UserArguments
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let user = try await AppUser.read(whose.user, of: whose.app, &connection)
        guard user.events.count < AppUser.mostEvents else {
            throw Failure(
                .data, "the user has more than \(AppUser.mostEvents) events: export them by `events`")
        }
        write(Field.record(user.copy).json())
    }
}

extension AppUser {
    fileprivate var figures: Record {
        [
            "app": .text(app), "user_id": .text(user),
            "devices": .number(devices.count { $0.status == "active" }),
            "authenticated": .number(count("request.authenticated")),
            "denied": .number(count("request.denied")), "refused": .number(count("submission.rejected")),
            "locks": .number(count("enrollment.locked")), "locked_until": .time(lockedUntil),
            "last_answer_at": .time(
                events.first { ["request.authenticated", "request.denied"].contains($0.type) }?.occurredAt),
        ]
    }

    fileprivate var copy: Record {
        figures + [
            "enrollments": .records(devices.map(\.details)), "requests": .records(requests.map(\.record)),
            "browsers": .records(
                browsers.map { ["portal": .text($0.portal), "last_used_at": .moment($0.usedAt)] }),
            "events": .records(events.map { ["event_id": .text("\($0.id)")] + $0.record(showsUsers: true) }),
        ]
    }
}

extension AppUser.Request {
    fileprivate var record: Record {
        [
            "transaction_id": .text("\(id)"), "portal": .text(portal), "auth_type": .text(type),
            "status": .text(status), "requested_at": .moment(requestedAt), "resolved_at": .moment(resolvedAt),
            "message": .text(message), "reference": .text(reference), "device_id": .text(deviceID),
        ]
    }
}
