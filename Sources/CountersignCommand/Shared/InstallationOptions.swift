import Administration
import ArgumentParser
import Postgres

/// Which groups of logins the database's installation has.
struct InstallationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The installation's name, a-z and 0-9: its groups are countersign_NAME_portal and so on.",
            discussion: """
                Needed where another database of the server uses the groups without a name. Of a database that is \
                migrated already it changes the groups, and moves the logins of its portals and apps into them.
                """,
            valueName: "name"))
    var installation: String?

    @Flag(
        help: ArgumentHelp(
            "Use groups that another database uses, too.",
            discussion: "Whoever is in one of them has its rights in both."))
    var shareGroups = false

    /// Fails with 78 when other databases use the groups that a new installation would have.
    func chosen(_ connection: inout Connection) async throws -> Installation {
        let recorded = try await Installation.recorded(&connection)
        let wanted = try wanted()
        if let recorded, wanted == nil || wanted == recorded { return recorded }
        let installation = wanted ?? .first
        guard try !shareGroups && !Environment.current.isOn("share-groups") else { return installation }
        let others = try await installation.otherDatabases(&connection)
        guard others.isEmpty else { throw taken(installation, others) }
        return installation
    }

    /// The installation whose groups the database has had until now, when it is to have others.
    func renamed(_ connection: inout Connection) async throws -> Installation? {
        guard let recorded = try await Installation.recorded(&connection), let wanted = try wanted(),
            wanted != recorded
        else { return nil }
        return recorded
    }

    private func wanted() throws -> Installation? {
        guard let name = installation ?? Environment.current.text("installation") else { return nil }
        return try Installation(named: name)
    }

    private func taken(_ installation: Installation, _ others: [String]) -> Failure {
        let databases = others.prefix(3).joined(separator: ", ") + (others.count > 3 ? ", ..." : "")
        return Failure(
            .configuration,
            "the groups \(installation.prefix)portal and so on are used by another installation on this server "
                + "(database \(databases)), whose administrators would be this one's, too: give this one a name "
                + "of its own, `countersign migrate up --installation NAME`")
    }
}
