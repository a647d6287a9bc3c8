/// The roles of the database that logins are members of.
package enum GroupRole: String, Sendable, CaseIterable {
    case portal, app, gateway, worker, monitor, admin

    /// As the first installation on a server, and the files of the schema, call it.
    package var name: String { name(in: .first) }

    package func name(in installation: Installation) -> String { installation.prefix + rawValue }
}
