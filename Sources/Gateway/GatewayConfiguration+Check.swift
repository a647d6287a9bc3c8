package import Postgres

extension GatewayConfiguration {
    /// Looks whether the portal and the app that it names are there, and whether the demo could start a sign-in: one
    /// is started and rolled back. Found out at the start, not by the first user.
    ///
    /// - Returns: what is missing, in one sentence; nil when all is well. What an operator switches on and off while
    ///   it runs (CS001, CS007, CS008) is well.
    package func fault(_ connection: inout Connection) async throws -> String? {
        if let app = tokens?.app,
            try await !exists(NameApp(name: app), IsApp(), &connection)
        {
            return "--jwt-app: there is no app \(app); `countersign app list` shows those that there are"
        }
        guard let demo else { return nil }
        guard try await exists(NamePortal(name: demo.portal), IsPortal(), &connection)
        else {
            return "--demo-portal: there is no portal \(demo.portal); "
                + "`countersign portal list` shows those that there are"
        }
        return try await fault(of: demo, &connection)
    }

    private func exists<S: PreparedStatement>(
        _ naming: some PreparedStatement, _ asking: S, _ connection: inout Connection
    ) async throws -> Bool where S.Output == Bool {
        try await connection.pipeline(after: [Step(naming)], asking).results.one()
    }

    private func fault(
        of demo: DemoConfiguration, _ connection: inout Connection
    ) async throws -> String? {
        struct AllIsWell: Error {}
        let draft = SignIns.Draft(type: demo.type, callbackURI: demo.callback)
        do {
            _ = try await connection.transaction { connection in
                try await connection.run(NamePortal(name: demo.portal))
                try await connection.run(InsertRequest(draft: draft))
                throw AllIsWell()
            }
        } catch let error as PostgresError {
            return try sentence(error, demo)
        } catch is AllIsWell {}
        return nil
    }

    private func sentence(_ error: PostgresError, _ demo: DemoConfiguration) throws -> String? {
        switch error.state {
        case "CS001", "CS007", "CS008":
            nil
        case "CS002":
            "--demo-type: there is no authentication type \(demo.type); "
                + "`countersign type list` shows those that there are"
        case "CS004":
            "--demo-type: \(demo.type) has no message; "
                + "`countersign type add --help` shows how a type gets one"
        case "CS005":
            "--demo-callback: \(demo.callback) is not one of the portal's callback addresses; "
                + "`countersign callback add \(demo.portal) \(demo.callback)` makes it one"
        default:
            throw error
        }
    }
}

/// Whether the app that this login stands in for is there.
struct IsApp: PreparedStatement {
    static let statement = Statement(
        "gateway.check.app", "SELECT countersign.current_app() IS NOT NULL AS is_there")
    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_there") }
}

/// Whether the portal that this login stands in for is there.
struct IsPortal: PreparedStatement {
    static let statement = Statement(
        "gateway.check.portal", "SELECT countersign.current_portal() IS NOT NULL AS is_there")
    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_there") }
}
