import Postgres

/// Submits what devices of many users say, by their places among the calls. No row where the enrollment is not the user's.
struct SubmitAnswers: PreparedStatement {
    let app: String
    let calls: [Devices.UserAnswer]

    static let statement = Statement(
        "gateway.submit_many",
        """
        SELECT place, submission_id
        FROM countersign.submit_answers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """)
    var parameters: [Parameter] {
        let answers = calls.map(\.answer)
        return [
            .text(app), .texts(calls.map(\.user)), .identifiers(calls.map(\.enrollment)),
            .texts(answers.map(\.otp)), .texts(answers.map(\.action)), .texts(answers.map(\.signed_at)),
            .texts(answers.map(\.prompt_digest)), .texts(answers.map(\.signature)),
            .texts(answers.map(\.deny_reason)), .texts(calls.map(\.device.address)),
            .texts(calls.map(\.device.agent)), .texts(answers.map(\.channel)),
        ]
    }
    static func decode(_ row: inout RowReader) throws -> (place: Int, id: Identifier) {
        (try row.int("place"), try row.identifier("submission_id"))
    }
}

/// What became of those submissions that are judged.
struct FindOutcomes: PreparedStatement {
    let app: String
    let ids: [Identifier]

    static let statement = Statement(
        "gateway.outcomes",
        """
        SELECT submission_id, transaction_id, action, result, reason, prompt, return_uri, detail
        FROM countersign.find_outcomes($1, $2)
        """)
    var parameters: [Parameter] { [.text(app), .identifiers(ids)] }
    static func decode(_ row: inout RowReader) throws -> Devices.Outcome {
        Devices.Outcome(
            submission_id: try row.identifier("submission_id").description,
            transaction_id: try row.optionalIdentifier("transaction_id")?.description,
            action: try row.optionalText("action"), result: try row.text("result"),
            reason: try row.optionalText("reason"), prompt: try row.optionalText("prompt"),
            return_uri: try row.optionalText("return_uri"), detail: try row.optionalText("detail"))
    }
}
