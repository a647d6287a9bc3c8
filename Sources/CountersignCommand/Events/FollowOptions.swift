import Administration
import ArgumentParser

/// How an event that is followed is printed: a line each.
enum EventFormat: String, CaseIterable, ExpressibleByArgument {
    case text, json, syslog
}

/// `--follow`, and what only it takes.
struct FollowOptions: ParsableArguments {
    /// Whoever has no enterprise number of their own may use this one in examples (RFC 5612).
    static let exampleEnterprise = 32_473

    @Flag(help: "Go on with what is written from now, or --since, on, the oldest first.")
    var follow = false

    @Option(help: "How --follow prints each event: text, json, or syslog (RFC 5424). (default: text)")
    var format: EventFormat?

    @Option(
        help: ArgumentHelp(
            "A file that remembers how far --follow has come, and where to go on when there is one.",
            valueName: "file"))
    var cursor: String?

    @Option(help: "Go on with --follow after the event that was printed with this cursor.")
    var after: String?

    @Option(
        help: ArgumentHelp(
            "The private enterprise number in the structured data of syslog. (default: \(exampleEnterprise))",
            valueName: "number"))
    var enterprise: Int?

    /// What was asked for, complete.
    struct Wanted {
        var format = EventFormat.text
        var enterprise = FollowOptions.exampleEnterprise
        var file: CursorFile?
        var after: EventCursor?
    }

    /// Nil without --follow. Fails with 64 when what only it takes stands there without it.
    func wanted(_ environment: Environment, json: Bool) throws -> Wanted? {
        let wanted = Wanted(
            format: try format ?? environment.value("format") ?? (json ? .json : .text),
            enterprise: try enterprise ?? environment.value("enterprise") ?? Self.exampleEnterprise,
            file: (cursor ?? environment.text("cursor")).map(CursorFile.init(path:)),
            after: try after.map(Self.read))
        guard try follow || environment.isOn("follow") else {
            let given = [
                "format": format != nil, "cursor": cursor != nil, "after": after != nil,
                "enterprise": enterprise != nil,
            ]
            guard let name = given.keys.sorted().first(where: { given[$0] == true }) else { return nil }
            let instead = name == "format" ? ", a list takes --json" : ""
            throw Failure(.usage, "--\(name) needs --follow\(instead)")
        }
        guard wanted.file == nil || wanted.after == nil else {
            throw Failure(.usage, "--cursor has a place of its own to go on from: give it or --after")
        }
        return wanted
    }

    private static func read(_ text: String) throws -> EventCursor {
        guard let cursor = EventCursor(text) else {
            throw Failure(.usage, "--after must be a cursor that events --follow has printed")
        }
        return cursor
    }
}
