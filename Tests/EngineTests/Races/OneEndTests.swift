import Countersign
import Postgres
import Support
import Testing

/// Races for the end of a request: exactly one end, one delivery, one event, whoever wins.
@Suite(.database) struct OneEndTests {
    @Test func `one of a hundred submissions is accepted`() async throws {
        let site = try await Site.make()
        try await withWorker { _ in
            try await withWorker { _ in
                var portal = try await site.portal()
                var app = try await site.app()
                let enrollment = try await app.enroll("alice")
                let transaction = try await portal.request()
                let code = try await portal.code(transaction)
                let answers = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<20 {
                        group.addTask { try await submitFiveTimes(site, enrollment, code) }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(answers.count == 100)
                #expect(answers.count { $0 == "accepted" } == 1)
                #expect(answers.count { $0 == "already_used" } == 99)
            }
        }
        try await expectOneOfEach(1)
    }

    private func submitFiveTimes(
        _ site: Site, _ enrollment: Identifier, _ code: String
    ) async throws -> [String] {
        var app = try await site.app()
        var ids: [Identifier] = []
        for _ in 0..<5 {
            let parameters: [Parameter] = [.identifier(enrollment), .text(code), "accept"]
            ids.append(try await app.run(SQL.submit, parameters)[0].identifier(0))
        }
        var answers: [String] = []
        for id in ids {
            let row = try await app.outcome(id)
            answers.append(try row.optionalText(1) ?? row.text(0))
        }
        return answers
    }

    @Test func `accept expire and cancel give one end`() async throws {
        let site = try await Site.make()
        let rounds = 40
        try await withWorker { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            for round in 0..<rounds {
                let transaction = try await portal.request()
                let code = try await portal.code(transaction)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var app = try await site.app()
                        _ = try await app.submit(
                            enrollment, code, round.isMultiple(of: 2) ? "accept" : "deny")
                    }
                    group.addTask {
                        var portal = try await site.portal()
                        _ = try await portal.cancel(transaction)
                    }
                    group.addTask { try await Database.current.makeDue(transaction) }
                    try await group.waitForAll()
                }
                let ended = ["authenticated", "denied", "cancelled", "expired"]
                try await eventually("it has ended") { ended.contains(try await portal.status(transaction)) }
            }
        }
        try await expectOneOfEach(rounds)
    }

    /// As many deliveries, queued ones and events as requests, each request its own.
    private func expectOneOfEach(_ count: Int) async throws {
        let database = Database.current
        #expect(
            try await database.count(
                "SELECT count(*) FROM countersign.auth_requests WHERE open_until IS NULL")
                == count)
        #expect(try await database.count("SELECT count(*) FROM countersign.webhook_deliveries") == count)
        #expect(try await database.count("SELECT count(*) FROM countersign.dispatch_queue") == count)
        let ends = """
            SELECT count(DISTINCT transaction_id) * 1000000 + count(*) FROM countersign.events
            WHERE type IN ('request.authenticated', 'request.denied', 'request.cancelled', 'request.expired')
            """
        #expect(try await database.count(ends) == count * 1_000_000 + count)
        let different = """
            SELECT count(*) FROM countersign.auth_requests r JOIN countersign.webhook_deliveries d USING (transaction_id)
            WHERE d.request_status <> r.status
            """
        #expect(try await database.count(different) == 0)
    }

    @Test func `a code is handed out once`() async throws {
        let site = try await Site.make()
        try await withWorker { _ in
            var portal = try await site.portal()
            let transaction = try await portal.request()
            try await portal.waitUntilIssued(transaction)
            let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        var portal = try await site.portal()
                        return try await portal.collect(transaction)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count == 20 && codes.compactMap(\.self).count == 1)
        }
    }
}
