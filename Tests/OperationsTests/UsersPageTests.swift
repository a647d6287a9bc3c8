import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// One user's devices, sign-ins, refusals and locks, and the list of enrollments.
@Suite(.database) struct UsersPageTests {
    private let phone = "0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"

    private func arrange(_ count: Int = 1, isAnalysed: Bool = true) async throws {
        _ = try await ConsolePortal.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile'), (2, 'desk', 'desk');
            INSERT INTO countersign.enrollments (enrollment_id, app_id, user_id, device_id, device_name, status, locked_until)
            VALUES ('\(phone)', 1, 'zaphod', 'phone-42', 'Pixel', 'active', clock_timestamp() + interval '9 min');
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT 1 + n % 2, 'user-' || n, 'device-' || n, CASE WHEN n % 50 = 0 THEN 'rejected' ELSE 'active' END
            FROM generate_series(1, \(count)) n;
            INSERT INTO countersign.events (type, app_id, user_id, enrollment_id, transaction_id, details)
            VALUES ('submission.rejected', 1, 'zaphod', '\(phone)', '\(phone)', '{"reason": "unknown_code"}'),
                   ('enrollment.locked', 1, 'zaphod', '\(phone)', NULL, '{}')
            """)
        if isAnalysed { try await Database.current.arrangeAsSuperuser("ANALYZE") }
    }

    @Test func `a user's page says what happened, and unlocks`() async throws {
        try await arrange()
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let page = try await console.page("users?app=mobile&user=zaphod")
            for words in [
                "phone-42", "Pixel", ">locked<", "unknown_code", "1 times", ">Unlock...<", ">Revoke...<",
                ">Erase...<",
            ] {
                #expect(page.contains(words), "\(words)")
            }
            let done = try await console.press(
                "enrollment-unlock", on: "users?app=mobile&user=zaphod", form: "enrollment-unlock-\(phone)",
                typed: [("password", console.password)])
            #expect(done.status == 303)
            #expect(try await !console.page("users?app=mobile&user=zaphod").contains(">locked<"))
            #expect(try await count("countersign.events WHERE type = 'enrollment.unlocked'") == 1)
            for (query, words) in [
                ("user=nobody&app=mobile", "there is nothing of user nobody"),
                ("user=zaphod", "Choose the app"),
            ] { #expect(try await console.page("users?\(query)").contains(words)) }
        }
    }

    @Test(arguments: [
        ("user=zaphod", ["phone-42"]), ("device=device-7", ["device-7"]),
        ("status=rejected", ["device-100", "device-50"]),
        ("app=desk&user=user-7", ["device-7"]), ("app=mobile&user=user-7", []),
        ("device=device-7&status=rejected", []),
    ])
    func `a filter finds its enrollments`(_ query: String, _ expected: [String]) async throws {
        try await arrange(120)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("enrollments?\(query)")
            #expect(page.matches(of: #/class="long">([a-z]+-\d+) /#).map { String($0.1) } == expected)
        }
    }

    @Test func `a state that there is not is told what is allowed`() async throws {
        try await arrange()
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("enrollments?status=actve")
            #expect(page.contains("A state is one of pending, active, rejected, revoked."))
        }
    }

    @Test(arguments: [true, false]) func `no list reads more than its reach`(isAnalysed: Bool) async throws {
        try await arrange(60_000, isAnalysed: isAnalysed)
        func pages(_ change: (inout Enrollment.Filter) -> Void) async throws -> Int {
            var filter = Enrollment.Filter(limit: 26)
            change(&filter)
            let listing = ListEnrollments(filter: filter, reach: 20_000)
            return try await pagesRead(listing.statement, listing.parameters)
        }
        #expect(try await pages { _ in } < 100)
        #expect(try await pages { $0.status = "revoked" } < 700)
        #expect(try await pages { $0.userID = "user-7" } < 50)
        #expect(try await pages { $0.deviceID = "device-7" } < 50)
    }
}
