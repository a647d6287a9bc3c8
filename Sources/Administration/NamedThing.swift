import Postgres

/// Things of the configuration that have names.
package enum NamedThing: String, Sendable, CaseIterable {
    case portal, app
    case type = "authentication type"

    static let shown = 10

    /// The subcommand that deals with them.
    var command: String { self == .type ? "type" : rawValue }

    var table: String { self == .type ? "auth_types" : "\(rawValue)s" }

    /// Fails when there is one of that name, or none can have it. The constraint holds against those who add at the same
    /// time; asked first, the answer is about the name, and not about the login that is in use for that reason.
    func refuseTaken(_ name: String, _ connection: inout Connection) async throws {
        guard self == .type || Self.fits(name) else {
            throw AdministrationError.refused(constraintSentences["\(rawValue)s_name_form"] ?? "no such name")
        }
        guard try await connection.run(IsTaken(thing: self, name: name)).one() else { return }
        let constraint = self == .type ? "auth_types_pkey" : "\(rawValue)s_name_once"
        throw AdministrationError.refused(constraintSentences[constraint] ?? "that name is taken")
    }

    /// Whether a portal or an app can have the name: what their constraint asks.
    private static func fits(_ name: String) -> Bool {
        name.wholeMatch(of: /[a-z0-9][a-z0-9-]{0,62}/.matchingSemantics(.unicodeScalar)) != nil
    }

    /// To be thrown when there is nothing of that name.
    func unknown(_ name: String, _ connection: inout Connection) async throws -> AdministrationError {
        .unknown(self, name: name, existing: try await connection.run(FindNames(thing: self)).all())
    }

    /// What was found of that name. Throws when it was nothing.
    func found<T>(_ result: T?, _ name: String, _ connection: inout Connection) async throws -> T {
        guard let result else { throw try await unknown(name, &connection) }
        return result
    }
}

/// The first names in the order of the alphabet: one more than are shown.
struct FindNames: StatementFamily {
    let thing: NamedThing

    static var members: [Statement] { NamedThing.allCases.map(statement) }
    var statement: Statement { Self.statement(thing) }

    private static func statement(_ thing: NamedThing) -> Statement {
        Statement(
            "\(thing.command).names",
            "SELECT name FROM countersign.\(thing.table) ORDER BY name LIMIT \(NamedThing.shown + 1)")
    }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

/// Whether there is one of that name.
struct IsTaken: StatementFamily {
    let thing: NamedThing
    let name: String

    static var members: [Statement] { NamedThing.allCases.map(statement) }
    var statement: Statement { Self.statement(thing) }
    var parameters: [Parameter] { [.text(name)] }

    private static func statement(_ thing: NamedThing) -> Statement {
        Statement(
            "\(thing.command).is_taken",
            "SELECT EXISTS (SELECT FROM countersign.\(thing.table) WHERE name = $1) AS is_taken")
    }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_taken") }
}
