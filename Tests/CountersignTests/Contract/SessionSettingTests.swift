import Countersign
import Postgres
import Support
import Testing

/// What a portal or an app may set for its own session changes neither what is checked nor what is handed out.
@Suite(.database) struct SessionSettingTests {
    static let settings = [
        "standard_conforming_strings = off", "escape_string_warning = on", "bytea_output = escape",
        "DateStyle = 'SQL, DMY'", "IntervalStyle = sql_standard", "TimeZone = 'Pacific/Kiritimati'",
        "transform_null_equals = on", "quote_all_identifiers = on", "array_nulls = off",
        "extra_float_digits = -15", "search_path = ''", "plpgsql.variable_conflict = use_column",
        "plpgsql.extra_errors = ''", "check_function_bodies = off", "default_transaction_deferrable = on",
        "enable_indexscan = off", "plan_cache_mode = force_custom_plan", "lc_messages = 'C'",
        "max_parallel_workers_per_gather = 8", "parallel_setup_cost = 0", "jit = off", "xmloption = document",
    ]

    @Test func `a sign-in goes well under each of them`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            for setting in Self.settings {
                var portal = try await site.portal()
                var app = try await site.app()
                if try await portal.refusal(of: "SET \(setting)")?.state == noPrivilege { continue }
                try await app.refusal(of: "SET \(setting)")
                let enrollment = try await app.enroll("alice", "phone")
                let refused = try await portal.refusal(of: SQL.insert, ["visit\n"])
                #expect(refused?.state == "CS003", "\(setting): \(String(describing: refused))")
                let (transaction, code) = try await portal.issued()
                #expect(try #require(Code(code)).transaction == transaction, "\(setting)")
                #expect(try await app.submit(enrollment, code, "scan").reason == nil, "\(setting)")
                let signed =
                    "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                let time = try await app.execute(signed)[0].text(0)
                let values: [Parameter] = [
                    .text(enrollment.description), .text(code), "accept", .text(time), nil, nil,
                ]
                let id = try await app.run(SQL.submitText, values)[0].identifier(0)
                let row = try await app.outcome(id)
                #expect(try row.optionalText(1) == nil, "\(setting)")
                let second = try await portal.status(transaction)
                #expect(second == "authenticated", "\(setting)")
            }
        }
    }
}
