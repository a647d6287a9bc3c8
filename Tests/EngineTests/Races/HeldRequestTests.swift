import Countersign
import Engine
import Postgres
import Support
import Testing

/// A portal may keep its own requests locked for as long as it likes: answers to them are tried less and less often.
@Suite(.database) struct HeldRequestTests {
    @Test(arguments: [true, false])
    func `answers to what somebody holds are passed over for longer each time`(isSigned: Bool) async throws {
        let site = try await Site.make(signed: isSigned)
        var app = try await site.app()
        var portal = try await site.portal()
        try await withWorker(stages: [.enroll, .issue, .validate]) { _ in
            let phone = try await SQLPhone.enroll("alice", &app)
            var hostile = try await site.portal()
            var issued: [(transaction: Identifier, code: String)] = []
            for _ in 0..<3 { issued.append(try await portal.issued()) }
            var ids: [Identifier] = []
            try await hostile.execute("BEGIN")
            for request in issued {
                try await hostile.execute("SELECT countersign.cancel_request('\(request.transaction)')")
            }
            for request in issued { ids.append(try await scan(request.code, phone, isSigned, &app)) }
            let pausing = """
                SELECT count(*) FROM countersign.validate_queue
                WHERE leases = 0 AND leased_until > clock_timestamp() + interval '1 s'
                """
            try await eventually("each waits for more than a second") {
                try await Database.current.count(pausing) == ids.count
            }
            // Another request of the same user is nobody's.
            let free = try await portal.issued()
            let beside = try await scan(free.code, phone, isSigned, &app)
            #expect(try await app.outcome(beside).text(0) == "accepted")
            try await hostile.execute("ROLLBACK")
            for id in ids { #expect(try await app.outcome(id).text(0) == "accepted") }
        }
    }

    private func scan(
        _ code: String, _ phone: SQLPhone, _ isSigned: Bool, _ app: inout Connection
    ) async throws -> Identifier {
        guard isSigned else {
            let given: [Parameter] = [.text(phone.enrollment.description), .text(code), .text("scan")]
            return try await app.run(SQL.submit, given)[0].identifier(0)
        }
        return try await app.run(SQL.submitText, phone.submission(.scan, code).parameters)[0].identifier(0)
    }
}
