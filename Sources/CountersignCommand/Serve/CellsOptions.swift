import Administration
import ArgumentParser
import Countersign
import Gateway
import Logging
import Operations
import Postgres

/// The further databases whose portals are served.
struct CellsOptions: ParsableArguments {
    @Option(
        name: .customLong("cell"),
        help: ArgumentHelp(
            "A further database and its number: 1=postgres://user@host/database. May be repeated.",
            discussion: """
                Or COUNTERSIGN_CELL_1, which others do not see. The login must be a member of countersign_gateway \
                there. The number is that of its `migrate up --cell`.
                """,
            valueName: "number=url"))
    var cells: [String] = []

    /// By their numbers. Fails with 64 for what is no number of a cell, or given twice.
    func options(_ environment: Environment, _ logger: Logger) throws -> [Int: ConnectionOptions] {
        var options: [Int: ConnectionOptions] = [:]
        for (number, url) in given + environment.cells {
            guard let number = Int(number), Cell.numbers.contains(number), let url else {
                throw Failure(.usage, "--cell must be a number from 0 to 1023, = and the database's URL")
            }
            guard options[number] == nil else {
                throw Failure(.usage, "--cell: cell \(number) is given twice")
            }
            options[number] = try environment.connectionOptions(url)
            options[number]?.logger = logger
        }
        return options
    }

    /// What stands behind the first = may have some of its own.
    private var given: [(number: String, url: String?)] {
        cells.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts.first ?? "", parts.dropFirst().first)
        }
    }
}

extension Environment {
    /// `COUNTERSIGN_CELL_1` and so on.
    fileprivate var cells: [(number: String, url: String?)] {
        variables.compactMap { name, url in
            let prefix = "COUNTERSIGN_CELL_"
            guard name.hasPrefix(prefix), !url.isEmpty else { return nil }
            return (String(name.dropFirst(prefix.count)), url)
        }
    }
}

extension CellsOptions {
    /// Looks at those that answer: what does not fit ends the command with 78. One that does not answer is no reason not
    /// to serve the others.
    static func check(
        _ cells: [Int: ConnectionOptions], beside home: inout Connection, _ logger: Logger
    ) async throws -> Int {
        let number = try await Cell.recorded(&home)?.number ?? 0
        guard cells[number] == nil else {
            throw Failure(.configuration, "--cell: cell \(number) is the gateway's own database")
        }
        var owners = Dictionary(
            try await ClientIDs.read(&home).map { ($0, number) }, uniquingKeysWith: { first, _ in first })
        for (number, options) in cells.sorted(by: { $0.key < $1.key }) {
            do {
                var connection = try await Connection.open(options)
                try await check(Cell(number: number), &connection)
                for id in try await ClientIDs.read(&connection) {
                    if let other = owners.updateValue(number, forKey: id) {
                        throw Failure(
                            .configuration,
                            "client id \(id) is known in cells \(other) and \(number): "
                                + "`portal credentials remove` takes it out of one")
                    }
                }
            } catch let error as PostgresError {
                logger.warning(
                    "a cell does not answer; its portals get 503 until it does",
                    metadata: ["cell": "\(number)", "error": "\(error)"])
            }
        }
        return number
    }

    private static func check(_ cell: Cell, _ connection: inout Connection) async throws {
        do {
            try await Program.schemaRange.check(&connection, schema: Program.schema)
            try await cell.check(&connection)
        } catch let error as SchemaRangeError {
            throw Failure(.configuration, "--cell \(cell.number): \(error)")
        } catch let error as AdministrationError {
            throw Failure(.configuration, "--cell \(cell.number): \(error)")
        }
        try await GroupRole.gateway.check(&connection)
    }
}

extension GatewayServer {
    /// What the operations server says of the cells beside the home.
    var operationsCells: OperationsServer.Cells {
        var cells = OperationsServer.Cells()
        cells.listeners = cellListeners
        cells.findings = { self.cellFindings }
        return cells
    }
}
