/// The steps of a pipeline, ready to be sent.
struct Pipeline: Sendable {
    let steps: [(statement: Statement, parameters: EncodedParameters)]

    init(_ steps: [Step]) throws(PostgresError) {
        var encoded: [(Statement, EncodedParameters)] = []
        encoded.reserveCapacity(steps.count)
        for step in steps {
            guard step.statement.isSendable else { throw .unsendable(step.statement) }
            encoded.append((step.statement, try EncodedParameters(step.parameters, for: step.statement)))
        }
        self.steps = encoded
    }

    /// Whether the socket takes it at once, as a rule, and queueing it takes no time to speak of.
    var isSmall: Bool {
        steps.count <= 16 && steps.reduce(0) { $0 + $1.parameters.bytes.count } < 32_768
    }
}

/// Something that was sent, and that the server has not answered yet.
enum SentRequest {
    case deallocation
    case preparation(StatementCache.Variant, Statement)
    case step(Statement)
}
