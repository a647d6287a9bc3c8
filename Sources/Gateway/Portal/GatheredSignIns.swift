import Postgres

/// What portals ask for all the time, asked for many of them at once.
struct GatheredSignIns: Sendable {
    /// Makes a request.
    let starts: Gathering<SignIns.PortalDraft, SignIns.Made>
    /// Its code; nil until it is issued.
    let codes: Gathering<(portal: String, id: Identifier), String?>

    init(_ database: GatewayDatabase) {
        starts = Gathering(
            most: 50, atOnce: 3, pace: database.pace,
            together: { calls in
                let found = try await database.run(.server("starts"), StartRequests(calls: calls)).all()
                let made = Dictionary(found.map { ($0.place, $0.made) }) { first, _ in first }
                return calls.indices.map { made[$0 + 1] }
            },
            alone: { call in
                try await database.run(.portal(call.portal), InsertRequest(draft: call.draft)).one()
            })
        codes = Gathering(
            most: 200, atOnce: 3,
            together: { calls in
                let found = try await database.run(.server("codes"), CollectCodes(calls: calls)).all()
                let codes = Dictionary(found) { first, _ in first }
                return calls.map { .some(codes[$0.id]) }
            })
    }
}
