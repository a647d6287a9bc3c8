import Postgres

/// What users' devices ask for all the time, asked for many of them at once.
struct GatheredAnswers: Sendable {
    /// Submits; nil where the enrollment is not the user's.
    let submissions: Gathering<Devices.UserAnswer, Identifier?>
    /// What became of a submission; nil until it is judged.
    let outcomes: Gathering<Identifier, Devices.Outcome?>

    init(_ app: String, _ database: GatewayDatabase) {
        submissions = Gathering(
            most: 50, atOnce: 3, pace: database.pace,
            together: { calls in
                let asking = SubmitAnswers(app: app, calls: calls)
                let found = try await database.run(.server("submissions"), asking).all()
                let ids = Dictionary(found.map { ($0.place, $0.id) }) { first, _ in first }
                return calls.indices.map { .some(ids[$0 + 1]) }
            },
            alone: { call in
                try await database.run(.user(call.user, app: app), SubmitAnswer(call: call)).first()
            })
        outcomes = Gathering(
            most: 200, atOnce: 3,
            together: { ids in
                let found = try await database.run(.server("outcomes"), FindOutcomes(app: app, ids: ids))
                    .all()
                let outcomes = Dictionary(found.map { ($0.submission_id, $0) }) { first, _ in first }
                return ids.map { .some(outcomes[$0.description]) }
            })
    }
}
