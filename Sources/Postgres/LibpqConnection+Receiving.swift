import Clibpq

/// The answers to one pipeline.
private struct Answers {
    var rows: [Rows] = []
    /// The first; what follows it in a pipeline is only aborted.
    var failure: PostgresError?
    /// The failure says that a prepared statement is gone or its plan stale.
    var isStale = false

    /// Whether a step ended a transaction by itself, so that what came before it has lasted.
    var hasCommitted: Bool { rows.contains { $0.command.hasPrefix("COMMIT") || $0.command == "CALL" } }
}

extension LibpqConnection {
    /// Takes the answers to what `send` has sent, whatever they are, and leaves pipeline mode. Throws the
    /// first failure. When a plan is stale, the pipeline is sent once more with its statements prepared anew,
    /// provided that no transaction was open, so that nothing of it has lasted.
    func receive(
        _ pipeline: Pipeline, until deadline: ContinuousClock.Instant?
    ) throws(PostgresError) -> [Rows] {
        var answers = try receiveAnswers(until: deadline)
        if answers.isStale, wasIdle, isIdle, !answers.hasCommitted {
            try send(pipeline, mayBlock: true, until: deadline)
            answers = try receiveAnswers(until: deadline)
        }
        if let failure = answers.failure { throw settled(failure) }
        return answers.rows
    }

    /// A session in which nothing can be written is given up, so that whoever owns it opens another, elsewhere.
    private func settled(_ failure: PostgresError) -> PostgresError {
        failure.isReadOnlySession ? lose(failure) : failure
    }

    private func receiveAnswers(until deadline: ContinuousClock.Instant?) throws(PostgresError) -> Answers {
        try flush(until: deadline)
        var answers = Answers()
        for item in sent { try receiveAnswer(to: item, into: &answers, until: deadline) }
        try receiveSync(into: &answers, until: deadline)
        guard unsafe PQexitPipelineMode(connection) == 1 else { throw lose() }
        collectNotifications()
        if answers.isStale { prepared.markStale() }
        return answers
    }

    /// The end of the pipeline. Statements outside of a transaction are committed there, which can fail, too: by a
    /// deferred constraint, or because a notification waited too long for its lock.
    private func receiveSync(
        into answers: inout Answers, until deadline: ContinuousClock.Instant?
    ) throws(PostgresError) {
        guard var result = try nextResult(until: deadline) else { throw lose() }
        if result.status == PGRES_FATAL_ERROR {
            guard let failure = PostgresError(result) else { throw lose() }
            let end = try nextResult(until: deadline)
            guard !isBroken, end == nil else { throw lose(failure) }
            answers.failure = answers.failure ?? failure
            guard let sync = try nextResult(until: deadline) else { throw lose(failure) }
            result = sync
        }
        guard result.status == PGRES_PIPELINE_SYNC else { throw lose(answers.failure) }
    }

    private func receiveAnswer(
        to item: SentRequest, into answers: inout Answers, until deadline: ContinuousClock.Instant?
    ) throws(PostgresError) {
        let result = try receiveAnswer(until: deadline)
        switch (result.status, item) {
        case (PGRES_TUPLES_OK, .step), (PGRES_COMMAND_OK, .step), (PGRES_EMPTY_QUERY, .step):
            answers.rows.append(Rows(result))
        case (PGRES_COMMAND_OK, _):
            break
        case (PGRES_PIPELINE_ABORTED, _):
            undo(item)
        case (PGRES_FATAL_ERROR, _):
            undo(item)
            answers.isStale = result.meansStalePlan
            answers.failure = try failure(result, of: item)
        default:
            throw lose(.copyRefused)
        }
    }

    /// An answer is one result and an end.
    private func receiveAnswer(
        until deadline: ContinuousClock.Instant?
    ) throws(PostgresError) -> ServerResult {
        guard let result = try nextResult(until: deadline) else { throw lose() }
        let end = try nextResult(until: deadline)
        if isBroken { throw lose(PostgresError(result)) }
        guard end == nil else { throw lose(.copyRefused) }
        return result
    }

    /// What was not prepared must not be taken for it.
    private func undo(_ item: SentRequest) {
        switch item {
        case .preparation(let variant, let statement): prepared.remove(variant, of: statement)
        case .deallocation: prepared.markStale()
        case .step: break
        }
    }

    private func failure(_ result: ServerResult, of item: SentRequest) throws(PostgresError) -> PostgresError
    {
        guard var error = PostgresError(result) else { throw lose() }
        switch item {
        case .preparation(_, let statement), .step(let statement): error.statement = statement.name
        case .deallocation: break
        }
        return error
    }
}

/// The simple protocol.
extension LibpqConnection {
    private var isBroken: Bool { unsafe PQstatus(connection) == CONNECTION_BAD }

    func send(script sql: String) throws(PostgresError) {
        guard !sql.utf8.contains(0) else { throw PostgresError("22021", "the SQL holds a NUL byte") }
        guard unsafe PQsendQuery(connection, sql) == 1 else { throw lose() }
    }

    /// Takes all results and returns the last. Throws the first failure, or, when the deadline comes, gives
    /// the connection up.
    func receiveScript(until deadline: ContinuousClock.Instant? = nil) throws(PostgresError) -> Rows {
        try flush(until: deadline)
        var last: Rows?
        var failure: PostgresError?
        while let result = try nextResult(until: deadline) {
            switch result.status {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = Rows(result)
            case PGRES_FATAL_ERROR: failure = failure ?? PostgresError(result)
            default: throw lose(.copyRefused)
            }
            // The reason comes first, as an answer like any other; then the end of the connection.
            if isBroken { throw lose(failure) }
        }
        collectNotifications()
        if let failure { throw settled(failure) }
        guard let last else { throw lose() }
        return last
    }
}

/// SCRAM.
extension LibpqConnection {
    /// What `ALTER ROLE ... PASSWORD` may be given in place of the password, so that the server never sees
    /// it. Takes some milliseconds of computing, and no round trip.
    func encryptPassword(_ password: String, user: String) throws(PostgresError) -> String {
        guard !password.utf8.contains(0), !user.utf8.contains(0) else {
            throw PostgresError("22021", "the password or the user name holds a NUL byte")
        }
        guard let verifier = unsafe PQencryptPasswordConn(connection, password, user, "scram-sha-256") else {
            throw PostgresError("XX000", errorMessage)
        }
        defer { unsafe PQfreemem(verifier) }
        return unsafe String(cString: verifier)
    }
}
