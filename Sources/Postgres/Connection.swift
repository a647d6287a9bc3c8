/// One session with the server, owned by one task at a time.
///
/// It cannot be copied and every call is `mutating`, so that the compiler refuses two at once. A query once
/// sent is never cancelled: `statement_timeout` bounds it. Closes when it goes out of scope, without waiting.
package struct Connection: ~Copyable, Sendable {
    let thread: ConnectionThread
    /// The server process, as in `pg_stat_activity`.
    package let processID: Int32
    /// As 150018 for 15.18.
    package let serverVersion: Int32

    /// Connects. Fails with class 08 when that is impossible and with 57014 when the task is cancelled.
    package static func open(_ options: ConnectionOptions) async throws(PostgresError) -> Connection {
        let thread = try await ConnectionThread.open(options)
        guard let facts = thread.read({ ($0.processID, $0.serverVersion) }) else {
            throw PostgresError(libpq: "")
        }
        return Connection(thread: thread, processID: facts.0, serverVersion: facts.1)
    }

    /// One more session of the same login with the same server.
    package func another() async throws(PostgresError) -> Connection { try await .open(thread.options) }

    private init(thread: ConnectionThread, processID: Int32, serverVersion: Int32) {
        self.thread = thread
        self.processID = processID
        self.serverVersion = serverVersion
    }

    deinit {
        thread.close()
    }

    /// Whether it is still connected, as far as is known without asking.
    package var isUsable: Bool { thread.read { !$0.isLost } ?? false }

    /// Whether it is connected and no transaction is open.
    package var isIdle: Bool { thread.read { !$0.isLost && $0.isIdle } ?? false }

    /// Whether nothing can be written in it, as far as the server has told without being asked. It stays so when the
    /// database's `default_transaction_read_only` is taken back.
    package var isReadOnly: Bool { thread.read { $0.isReadOnly } ?? false }
}

/// Statements.
extension Connection {
    /// Runs one statement, prepared on its first use in the same round trip.
    @discardableResult
    package mutating func run(
        _ statement: Statement, _ parameters: [Parameter] = [], within limit: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        let rows = try await pipeline([Step(statement, parameters)], within: limit)
        return rows[0]
    }

    /// Runs all steps in one round trip and, unless a transaction is open, as one transaction: when one
    /// fails, none has happened. Throws the first failure. No step may begin or end a transaction. After `limit`,
    /// or else the options' `answerLimit`, without an answer the connection is given up, with 08006.
    @discardableResult
    package mutating func pipeline(
        _ steps: [Step], within limit: Duration? = nil
    ) async throws(PostgresError) -> [Rows] {
        let pipeline = try Pipeline(steps)
        let deadline = thread.deadline(limit)
        guard pipeline.isSmall else {
            return try await thread.exchange { _ throws(PostgresError) in
                true
            } receive: { libpq throws(PostgresError) in
                try libpq.send(pipeline, mayBlock: true, until: deadline)
                return try libpq.receive(pipeline, until: deadline)
            }
        }
        return try await thread.exchange { libpq throws(PostgresError) in
            try libpq.send(pipeline, mayBlock: false)
            return libpq.hasUnsentData
        } receive: { libpq throws(PostgresError) in
            try libpq.receive(pipeline, until: deadline)
        }
    }

    /// Runs a script by the simple protocol and returns the result of its last statement, in text form, of
    /// which texts, integers, booleans, floats and uuids can be read. Several statements are one transaction
    /// unless they say otherwise. For migrations, SET, LISTEN. After `limit` without an answer the connection
    /// is given up, with 08006.
    @discardableResult
    package mutating func execute(
        _ sql: String, within limit: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        let deadline = thread.deadline(limit)
        return try await thread.exchange { libpq throws(PostgresError) in
            try libpq.send(script: sql)
            // The thread does not watch the deadline before it has seen the exchange.
            return libpq.hasUnsentData || deadline != nil
        } receive: { libpq throws(PostgresError) in
            try libpq.receiveScript(until: deadline)
        }
    }

    /// Asks for a sign of life, with a query that does nothing.
    package mutating func probe(within limit: Duration) async throws(PostgresError) {
        try await execute("", within: limit)
    }

    /// The SCRAM verifier of a password for `CREATE ROLE` or `ALTER ROLE ... PASSWORD`, computed here, so
    /// that the server and its log never see the password.
    package mutating func encryptPassword(
        _ password: String, user: String
    ) async throws(PostgresError) -> String {
        try await thread.exchange { _ throws(PostgresError) in
            true
        } receive: { libpq throws(PostgresError) in
            try libpq.encryptPassword(password, user: user)
        }
    }
}
