import Administration
import ArgumentParser
import Postgres

struct TypeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "type",
        abstract: "Authentication types: named settings for requests.",
        discussion: """
            Examples:
              countersign type add qr-code --expires-in 180 --message en="Sign in to Acme"
              countersign type list
              countersign type set qr-code --expires-in 120
              countersign type remove qr-code
            """,
        subcommands: [TypeList.self] + actionCommands("type"))
}

struct TypeList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the authentication types.",
        discussion: """
            Examples:
              countersign type list
              countersign type list --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await AuthenticationType.list(&connection).map { type -> Record in
            [
                "name": .text(type.name), "method": .text(type.method),
                "request_expires_in": .seconds(type.requestExpiresIn),
                "confirm_code": .text(type.confirmCode),
                "code_rotation": type.codeRotation.map(Field.seconds) ?? .number(nil),
                "redeem_once": .flag(type.redeemOnce), "scan_required": .flag(type.scanRequired),
                "same_network": .text(type.sameNetwork),
                "same_country": .text(type.sameCountry), "allow_qr": .flag(type.allowQR),
                "allow_link": .flag(type.allowLink),
                "messages": .map(type.messages.map { ($0.language, $0.text) }),
                "visitor_lines": .map(type.visitorLines.map { ($0.language, $0.text) }),
            ]
        }
        try output.show(records, otherwise: "There are no authentication types yet.")
    }
}
