/// The roles of the database that logins are members of.
package enum GroupRole: String, Sendable, CaseIterable {
    case portal = "countersign_portal"
    case app = "countersign_app"
    case gateway = "countersign_gateway"
    case worker = "countersign_worker"
    case monitor = "countersign_monitor"
    case admin = "countersign_admin"
}
