import Countersign
import Foundation
import Postgres
import Support
import Testing

@testable import Gateway

/// Rows that one statement makes for many callers are those that each caller's own insert makes, which a trigger
/// fills in.
@Suite(.database) struct GatheredRowTests {
    private static let columns = [
        "auth_type", "callback_uri", "message", "secure_message", "language_code", "ip_address", "user_agent",
        "reference", "traceparent", "browser_id", "return_uri",
    ]
    private static func values(of draft: SignIns.Draft) -> [String?] {
        [
            draft.type, draft.callbackURI, draft.message, draft.secureMessage, draft.languageCode,
            draft.ipAddress, draft.userAgent, draft.reference, draft.traceparent, draft.browserID,
            draft.returnURI,
        ]
    }

    private typealias DraftChange = (inout SignIns.Draft) -> Void
    private typealias AnswerChange = @Sendable (inout [String: String]) -> Void

    private static let plain = SignIns.Draft(type: "otp", callbackURI: GatewaySite.callback)
    /// The plain one, and changed in one place each.
    private static let fine: [SignIns.Draft] =
        ([
            { _ in }, { $0.callbackURI = nil }, { $0.type = "strict" }, { $0.type = "new" },
            { $0.message = "Hello" },
            { $0.message = "" }, { $0.message = "A \u{2068}name\u{2069}" }, { $0.languageCode = "nl" },
            { $0.languageCode = "NL_be" }, { $0.languageCode = "fr" }, { $0.secureMessage = "secret" },
            { $0.ipAddress = "203.0.113.7" }, { $0.ipAddress = "2001:db8::1" },
            { $0.ipAddress = "::ffff:203.0.113.7" },
            { $0.userAgent = "Firefox" }, { $0.reference = "order 17" },
            { $0.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
            { $0.traceparent = "none" },
            { $0.browserID = "0123456789abcdef" }, { $0.returnURI = GatewaySite.callback },
        ] as [DraftChange]).map(changed)
    private static let wrong: [SignIns.Draft] =
        ([
            { $0.type = nil }, { $0.type = "nothing" }, { $0.type = "bare" }, { $0.callbackURI = "" },
            { $0.callbackURI = "https://else.example/" }, { $0.message = String(repeating: "a", count: 156) },
            { $0.message = "\u{7}" }, { $0.message = " " }, { $0.message = "\u{2068}" },
            { $0.secureMessage = "" },
            { $0.secureMessage = String(repeating: "a", count: 8_193) }, { $0.languageCode = "no language" },
            { $0.languageCode = String(repeating: "a", count: 36) }, { $0.ipAddress = "256.0.0.1" },
            { $0.ipAddress = "203.0.113.7/24" }, { $0.userAgent = String(repeating: "a", count: 1_025) },
            { $0.userAgent = "\u{1}" }, { $0.reference = String(repeating: "a", count: 256) },
            { $0.reference = "\u{200b}" },
            { $0.browserID = "short" }, { $0.returnURI = "https://else.example/" },
        ] as [DraftChange]).map(changed)

    private static func changed(_ change: DraftChange) -> SignIns.Draft {
        var draft = plain
        change(&draft)
        return draft
    }

    private func site() async throws -> GatewaySite {
        let site = try await GatewaySite.make()
        try await Database.current.arrange(
            """
            UPDATE countersign.settings SET signature_required = false;
            INSERT INTO countersign.auth_type_messages VALUES ('otp', 'nl', 'Inloggen');
            INSERT INTO countersign.auth_types (name, request_expires_in, confirm_code, code_rotation,
                redeem_once, scan_required, same_network, same_country, allow_qr, allow_link)
            VALUES ('strict', 60, 'always', 15, true, true, 'refuse', 'tell', false, true),
                   ('new', 90, 'new_browser', NULL, false, false, 'tell', 'off', true, false);
            INSERT INTO countersign.auth_type_messages
            VALUES ('strict', 'en', 'Strictly'), ('new', 'en', 'Newly')
            """)
        return site
    }

    private func insert(_ draft: SignIns.Draft, _ owner: inout Connection) async throws {
        let places = (2...(Self.columns.count + 1)).map { "$\($0)" }.joined(separator: ", ")
        let sql = """
            INSERT INTO countersign.auth_requests (portal_id, \(Self.columns.joined(separator: ", ")))
            VALUES ((SELECT portal_id FROM countersign.portals WHERE name = $1), \(places))
            """
        let values = Self.values(of: draft).map { $0.map { Parameter.text($0) } ?? .null }
        try await owner.run(Statement("insert as the owner", sql), [.text("acme")] + values)
    }

    /// All that is stored of them but what differs each time, in the order in which they were made; none is left.
    private func takeRequests(_ owner: inout Connection) async throws -> [String] {
        let rows = try await owner.execute(
            """
            WITH queued AS (DELETE FROM countersign.issue_queue RETURNING *), gone AS (
                DELETE FROM countersign.auth_requests RETURNING *)
            SELECT (to_jsonb(g) - '{transaction_id,requested_at,expires_at,open_until,confirm_number}'::text[]
                    || jsonb_build_object(
                        'life', g.expires_at - g.requested_at, 'open', g.open_until = g.expires_at,
                        'number', g.confirm_number ~ '^[0-9]{2}$', 'queued', q.portal_id = g.portal_id))::text
            FROM gone g LEFT JOIN queued q USING (transaction_id) ORDER BY g.transaction_id
            """)
        return try rows.map { try $0.text(0) }
    }

    @Test func `requests are stored as by each portal's own insert`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        for draft in Self.fine { try await insert(draft, &owner) }
        let alone = try await takeRequests(&owner)
        #expect(alone.count == Self.fine.count)
        var gateway = try await Database.current.connect(as: site.gateway)
        let calls = Self.fine.map { SignIns.PortalDraft(portal: site.portal, draft: $0) }
        let made = try await gateway.run(StartRequests(calls: calls)).all()
        #expect(made.map(\.place).sorted() == Array(1...calls.count))
        #expect(Set(made.map(\.made.timeToLive)) == [.seconds(60), .seconds(90), .seconds(180)])
        #expect(made.filter(\.made.rotates).map(\.place) == [3])
        let together = try await takeRequests(&owner)
        for (one, other) in zip(alone, together) { #expect(one == other) }
        #expect(together.count == alone.count && together.allSatisfy { $0.contains(#""queued": true"#) })
    }

    @Test func `what each portal's own insert refuses is refused, by the same words`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        var gateway = try await Database.current.connect(as: site.gateway)
        for (place, draft) in Self.wrong.enumerated() {
            let expected = await #expect(throws: PostgresError.self, "\(place)") {
                try await insert(draft, &owner)
            }
            let calls = [Self.plain, draft].map { SignIns.PortalDraft(portal: site.portal, draft: $0) }
            let error = await #expect(throws: PostgresError.self, "\(place)") {
                _ = try await gateway.run(StartRequests(calls: calls)).all()
            }
            #expect(error?.state == expected?.state && error?.message == expected?.message, "\(place)")
        }
        #expect(try await Database.current.rowCounts()["auth_requests"] == 0)
    }

    @Test(arguments: [
        "UPDATE countersign.settings SET mobile_authentication_enabled = false",
        "UPDATE countersign.settings SET enrollment_enabled = false",
        "UPDATE countersign.portals SET enabled = false", "UPDATE countersign.portals SET over_limit = true",
        "UPDATE countersign.portals SET max_starts_per_source = 1",
    ])
    func `what operators have forbidden is refused to all alike`(change: String) async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        try await Database.current.arrange(change)
        var draft = Self.plain
        draft.ipAddress = "203.0.113.7"
        // The first may be made where a limit is one, and is taken back.
        try await owner.execute("BEGIN")
        let expected = await #expect(throws: PostgresError.self) {
            for _ in 1...2 { try await insert(draft, &owner) }
        }
        try await owner.execute("ROLLBACK")
        var gateway = try await Database.current.connect(as: site.gateway)
        let calls = [draft, draft].map { SignIns.PortalDraft(portal: site.portal, draft: $0) }
        let error = await #expect(throws: PostgresError.self) {
            _ = try await gateway.run(StartRequests(calls: calls)).all()
        }
        #expect(error?.state == expected?.state && error?.message == expected?.message)
        #expect(try await takeRequests(&owner).isEmpty)
    }

    private func answer(_ change: AnswerChange, by device: Identifier) -> Devices.UserAnswer {
        var parts = [
            "otp": String(repeating: "A", count: 64), "action": "scan", "ip": "203.0.113.7",
            "agent": "Acme/1.0",
        ]
        change(&parts)
        let answer = Devices.Answer(
            enrollment_id: device.description, otp: parts["otp"] ?? "", action: parts["action"] ?? "",
            signed_at: parts["signed_at"], prompt_digest: parts["prompt_digest"],
            signature: parts["signature"],
            deny_reason: parts["deny_reason"], channel: parts["channel"])
        return Devices.UserAnswer(
            user: "alice", enrollment: device, answer: answer,
            device: Devices.Witness(address: parts["ip"], agent: parts["agent"]))
    }

    private static let armor = "-----BEGIN PGP SIGNATURE-----\n\nwsBz\n-----END PGP SIGNATURE-----\n"
    private static let answers: [AnswerChange] = [
        { _ in }, { $0["otp"] = String(repeating: "_-", count: 32) }, { $0["action"] = "accept" },
        { $0["action"] = "deny" }, { ($0["action"], $0["deny_reason"]) = ("deny", "not_me") },
        { $0["action"] = "confirm" },
        { $0["signed_at"] = "2026-01-31T12:00:00Z" }, { $0["prompt_digest"] = "-" },
        { $0["prompt_digest"] = String(repeating: "0f", count: 32) }, { $0["signature"] = armor },
        { $0["signature"] = " \r\n\t" + armor }, { $0["signature"] = "no armor" }, { $0["signature"] = "" },
        { $0["channel"] = "link" }, { $0["channel"] = "qr" }, { $0["ip"] = nil },
        { $0["ip"] = "2001:db8::1" },
        { $0["ip"] = "nowhere" }, { $0["agent"] = nil }, { $0["agent"] = "a\u{1}b\u{200b}c" },
        { $0["agent"] = String(repeating: "é", count: 1_025) },
        // malformed
        { $0["otp"] = "" }, { $0["otp"] = String(repeating: "A", count: 63) + "=" },
        { $0["action"] = "approve" },
        { $0["signed_at"] = "2026-02-30T12:00:00Z" }, { $0["prompt_digest"] = "" },
        { $0["prompt_digest"] = String(repeating: "0F", count: 32) },
        { $0["signature"] = armor + String(repeating: "a", count: 16_385) }, { $0["deny_reason"] = "not_me" },
        { ($0["action"], $0["deny_reason"]) = ("deny", "other") }, { $0["channel"] = "post" },
    ]

    /// All that is stored of them but what differs each time, in the order of the devices; none is left.
    private func takeSubmissions(_ owner: inout Connection) async throws -> [String] {
        let rows = try await owner.execute(
            """
            WITH queued AS (DELETE FROM countersign.validate_queue RETURNING *), gone AS (
                DELETE FROM countersign.submissions RETURNING *)
            SELECT (to_jsonb(g) - '{submission_id,submitted_at,resolved_at}'::text[]
                    || jsonb_build_object('resolved', g.resolved_at = g.submitted_at, 'queued', (
                           SELECT jsonb_agg(to_jsonb(q) - 'submission_id') FROM queued q
                           WHERE q.submission_id = g.submission_id AND q.app_id = g.app_id)))::text
            FROM gone g ORDER BY g.enrollment, g.submission_id
            """)
        return try rows.map { try $0.text(0) }
    }

    private func enrolled(_ count: Int, _ owner: inout Connection) async throws -> [Identifier] {
        try await owner.execute(
            """
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT app_id, 'alice', 'd' || n, 'active' FROM countersign.apps, generate_series(1, \(count)) AS n
            RETURNING enrollment_id
            """
        ).map { try $0.identifier(0) }
    }

    private func insert(_ call: Devices.UserAnswer, _ owner: inout Connection) async throws {
        let values: [String?] = [
            call.enrollment.description, call.answer.otp, call.answer.action, call.answer.signed_at,
            call.answer.prompt_digest, call.answer.signature, call.answer.deny_reason, call.device.address,
            call.device.agent, call.answer.channel,
        ]
        try await owner.run(
            Statement(
                "submit as the owner",
                """
                INSERT INTO countersign.submissions (app_id, enrollment_id, otp, action, signed_at,
                    prompt_digest, signature, deny_reason, ip_address, user_agent, channel)
                SELECT app_id, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM countersign.apps
                """), values.map { $0.map { Parameter.text($0) } ?? .null })
    }

    @Test func `submissions are stored as by each app's own insert`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        let devices = try await enrolled(Self.answers.count, &owner)
        try await owner.execute("UPDATE countersign.apps SET max_malformed_per_user = 1000")
        let calls = zip(devices, Self.answers).map { answer($1, by: $0) }
        for call in calls { try await insert(call, &owner) }
        let alone = try await takeSubmissions(&owner)
        #expect(alone.count == calls.count)
        var gateway = try await Database.current.connect(as: site.gateway)
        let made = try await gateway.run(SubmitAnswers(app: site.app, calls: calls)).all()
        #expect(made.map(\.place).sorted() == Array(1...calls.count))
        let together = try await takeSubmissions(&owner)
        for (one, other) in zip(alone, together) { #expect(one == other) }
        #expect(together.count == alone.count)
        #expect(together.count { $0.contains(#""status": "pending""#) } == 21)
        #expect(together.count { $0.contains(#""reason": "malformed""#) } == 10)
    }

    /// A device may have two that wait; a statement that brings three of it, or a third, is looked at row by row.
    @Test func `limits hold within one statement, and from one to the next`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        let devices = try await enrolled(2, &owner)
        try await owner.execute(
            "UPDATE countersign.apps SET max_waiting_per_device = 2, max_malformed_per_user = 1")
        var gateway = try await Database.current.connect(as: site.gateway)
        func submit(_ devices: [Identifier], _ change: AnswerChange = { _ in }) async throws -> [String] {
            let calls = devices.map { answer(change, by: $0) }
            let made = try await gateway.run(SubmitAnswers(app: site.app, calls: calls)).all()
            var reasons: [String] = []
            for (_, id) in made.sorted(by: { $0.place < $1.place }) {
                reasons.append(
                    try await owner.execute(
                        """
                        SELECT coalesce(reason, status) FROM countersign.submissions
                        WHERE submission_id = '\(id)'
                        """)[0].text(0))
            }
            return reasons
        }
        #expect(
            try await submit([devices[0], devices[0], devices[0], devices[1]])
                == ["pending", "pending", "too_many_waiting", "pending"])
        #expect(try await submit(devices) == ["too_many_waiting", "pending"])
        #expect(try await submit(devices) == ["too_many_waiting", "too_many_waiting"])
        _ = try await takeSubmissions(&owner)
        #expect(try await submit([devices[1]]) { $0["action"] = "approve" } == ["malformed"])
        #expect(try await submit([devices[1]]) == ["too_many_malformed"])
        _ = try await takeSubmissions(&owner)
        try await owner.execute("UPDATE countersign.apps SET over_limit = true")
        #expect(try await submit(devices) == ["too_many_waiting", "too_many_waiting"])
        try await owner.execute("UPDATE countersign.apps SET over_limit = false, max_waiting = 1")
        _ = try await takeSubmissions(&owner)
        var fresh = try await Database.current.connect(as: site.gateway)
        swap(&fresh, &gateway)
        #expect(try await submit(devices) == ["pending", "too_many_waiting"])
    }

    /// Within a transaction with savepoints a gateway's statement is refused where a portal's insert is.
    @Test func `within 17 savepoints neither is taken`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        let device = try await enrolled(1, &owner)[0]
        var gateway = try await Database.current.connect(as: site.gateway)
        let savepoints = "BEGIN;" + (1...18).map { "SAVEPOINT s\($0);" }.joined()
        for isStart in [true, false] {
            try await gateway.execute(savepoints)
            let error = await #expect(throws: PostgresError.self) {
                if isStart {
                    let calls = [SignIns.PortalDraft(portal: site.portal, draft: Self.plain)]
                    _ = try await gateway.run(StartRequests(calls: calls)).all()
                } else {
                    _ = try await gateway.run(
                        SubmitAnswers(app: site.app, calls: [answer({ _ in }, by: device)])
                    ).all()
                }
            }
            #expect(error?.state == "CS008" && error?.message.contains("at most 16 are allowed") == true)
            try await gateway.execute("ROLLBACK")
        }
    }

    /// What is like most is not looked at row by row, which took three times as long.
    @Test func `no trigger looks at what is like most`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        let devices = try await enrolled(2, &owner)
        for function in ["check_auth_request", "take_submission"] {
            try await owner.execute(
                """
                CREATE OR REPLACE FUNCTION countersign.\(function)() RETURNS trigger LANGUAGE plpgsql
                SECURITY DEFINER SET search_path = pg_catalog, pg_temp
                AS $$ BEGIN RAISE 'by the trigger'; END $$
                """)
        }
        var gateway = try await Database.current.connect(as: site.gateway)
        let calls = [Self.plain, Self.plain].map { SignIns.PortalDraft(portal: site.portal, draft: $0) }
        // One in 256 is counted by the trigger.
        var made = 0
        for _ in 0..<4 where made == 0 {
            made = (try? await gateway.run(StartRequests(calls: calls)).all().count) ?? 0
        }
        #expect(made == 2)
        let answers = devices.map { answer({ _ in }, by: $0) }
        #expect(try await gateway.run(SubmitAnswers(app: site.app, calls: answers)).all().count == 2)
    }

    /// No worker is rung for what is not the user's, or waits for nobody.
    @Test func `only what is queued takes a lock of the bell`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        let device = try await enrolled(1, &owner)[0]
        var gateway = try await Database.current.connect(as: site.gateway)
        func locks(_ call: Devices.UserAnswer) async throws -> Int {
            try await gateway.execute("BEGIN")
            _ = try await gateway.run(SubmitAnswers(app: site.app, calls: [call])).all()
            let held = try await gateway.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            try await gateway.execute("ROLLBACK")
            return try held[0].int(0)
        }
        #expect(try await locks(answer({ _ in }, by: .random())) == 0)
        #expect(try await locks(answer({ $0["action"] = "approve" }, by: device)) == 0)
        #expect(try await locks(answer({ _ in }, by: device)) == 1)
    }

    /// Nobody polls here for a minute.
    @Test func `the stages are rung for what is made so`() async throws {
        let site = try await site()
        var owner = try await Database.current.connect()
        let device = try await enrolled(1, &owner)[0]
        var gateway = try await Database.current.connect(as: site.gateway)
        try await withWorker(stages: [.issue, .validate], poll: .seconds(60)) { _ in
            for round in 1...20 {
                _ = try await gateway.run(
                    StartRequests(calls: [SignIns.PortalDraft(portal: site.portal, draft: Self.plain)])
                ).all()
                try await Database.current.wait(
                    until: "SELECT count(*) FROM countersign.auth_requests WHERE status = 'issued'", is: round
                )
                _ = try await gateway.run(SubmitAnswers(app: site.app, calls: [answer({ _ in }, by: device)]))
                    .all()
                try await Database.current.wait(
                    until: "SELECT count(*) FROM countersign.submissions WHERE status = 'rejected'", is: round
                )
            }
        }
        let longest = try await owner.execute(
            """
            SELECT greatest(
                (SELECT max(date_part('epoch', issued_at - requested_at)) FROM countersign.auth_requests),
                (SELECT max(date_part('epoch', resolved_at - submitted_at)) FROM countersign.submissions))
            """)[0].double(0)
        #expect(longest < 20)
    }
}
