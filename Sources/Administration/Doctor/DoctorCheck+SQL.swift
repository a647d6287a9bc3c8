extension DoctorCheck {
    /// Columns grade, finding, advice, remedy (a statement a line), hands, is_safe.
    var sql: String {
        switch self {
        case .roles: rolesSQL
        case .ownership: ownershipSQL
        case .publicRights: publicRightsSQL
        case .serverRights: serverRightsSQL
        case .sharedGroups: sharedGroupsSQL
        case .connections: connectionsSQL
        case .locks: locksSQL
        case .settings: settingsSQL
        case .encoding: encodingSQL
        case .standbys: standbysSQL
        case .autovacuum: autovacuumSQL
        case .statementLog: statementLogSQL
        case .indexes: indexesSQL
        case .partitions: partitionsSQL
        case .bloat: bloatSQL
        case .snapshots: snapshotsSQL
        case .workers: workersSQL
        case .notifications: notificationsSQL
        }
    }
}
