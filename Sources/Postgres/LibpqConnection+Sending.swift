import Clibpq

extension LibpqConnection {
    /// How much may be queued before the socket has to take it.
    private static let queueLimit = 256 * 1_024

    /// Queues all steps, a statement's preparation before its first use, and one sync, so that the server
    /// takes them for one transaction. Without `mayBlock` it leaves to `receive` what the socket does not
    /// take.
    func send(
        _ pipeline: Pipeline, mayBlock: Bool, until deadline: ContinuousClock.Instant? = nil
    ) throws(PostgresError) {
        wasIdle = isIdle
        sent.removeAll(keepingCapacity: true)
        try check(unsafe PQenterPipelineMode(connection))
        if prepared.mustBeDropped, !hasFailedTransaction { try sendDeallocation() }
        var queued = 0
        for (statement, parameters) in pipeline.steps {
            try send(statement, parameters)
            queued += parameters.bytes.count
            if mayBlock, queued > Self.queueLimit {
                try flush(until: deadline)
                queued = 0
            }
        }
        try check(unsafe PQpipelineSync(connection))
    }

    private func send(_ statement: Statement, _ parameters: EncodedParameters) throws(PostgresError) {
        let variant: StatementCache.Variant
        if let known = prepared.variant(of: statement, for: parameters) {
            variant = known
        } else {
            variant = prepared.add(statement, for: parameters)
            let (types, count) = (variant.types, Int32(variant.types.count))
            try check(unsafe PQsendPrepare(connection, variant.name, statement.sql, count, types))
            sent.append(.preparation(variant, statement))
        }
        try check(
            unsafe parameters.withPointers { values, lengths, formats in
                let count = Int32(parameters.count)
                return unsafe PQsendQueryPrepared(
                    connection, variant.name, count, values, lengths, formats, 1)
            })
        sent.append(.step(statement))
    }

    /// Prepared statements are not transactional: what follows in the pipeline prepares its own anew.
    private func sendDeallocation() throws(PostgresError) {
        try check(unsafe PQsendQueryParams(connection, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 0))
        sent.append(.deallocation)
        prepared.removeAll()
    }

    /// Whether the socket has not taken everything yet; tries once, without blocking. A failure here shows
    /// again when the answer is read.
    var hasUnsentData: Bool { unsafe PQflush(connection) != 0 }

    /// libpq's calls return 1 for success; anything else here is a lost connection or no memory.
    private func check(_ code: Int32) throws(PostgresError) {
        if code != 1 { throw lose() }
    }
}
