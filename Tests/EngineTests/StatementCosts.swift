import Postgres
import Support

/// What each statement of the engine is run with, by its name, and how many rows it deals with.
enum StatementCosts {
    static let rounds = "'{}', '{}', 0, 3, NULL"
    private static let secrets = "ARRAY[sha256('a'), sha256('b'), sha256('c')]"

    static func arguments(_ of: CostSubjects) -> [String: String] {
        let columns =
            "'{\(of.submission)}', '{\(of.issued)}', '{\(of.enrollment)}'"
        let held = "\(columns), '{\(of.app)}', '{true}', '{NULL}', '{NULL}'"
        let verdict =
            "\(columns), '{scan}', '{NULL}', '{Prompt}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{0}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}'"
        var arguments = [
            "enroll.claim": rounds, "enroll.claim_alone": "'\(of.pendingEnrollment)'", "enroll.read_keys": "",
            "enroll.hold": "'{\(of.pendingEnrollment)}'", "enroll.replace": "'{\(of.pendingEnrollment)}'",
            "enroll.insert_shared_key": "'\(Identifier.random())', 'F', 'K', '\\x00'",
            "enroll.resolve":
                "'{\(of.pendingEnrollment)}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}'",
            "enroll.reject": "'\(of.pendingEnrollment)'",
            "issue.drop_broken": "'\(of.queued)'", "request.fail": "'{\(of.lonely)}'",
            "epoch.check": "'\(Identifier.random())', NULL, NULL, NULL",
            "epoch.fault": "'\(Identifier.random())', NULL, NULL, NULL", "epoch.read": "",
            "epoch.clear": "3", "epoch.revoke_again": "'{\(of.lonely)}'",
            "issue.alone": "'\(of.queued)', ARRAY[sha256('a')], ARRAY[sha256('a')]",
            "validate.claim": rounds, "validate.claim_alone": "'\(of.submission)'", "validate.take": rounds,
            "validate.read_switches": "",
            "validate.add_wrong_codes": "'{\(of.enrollment)}', '{1}'",
            "validate.end_oldest_scans": "'{\(of.enrollment)}', 4", "validate.give_up": "'\(of.submission)'",
            "validate.transaction": "'\(of.submission)'",
            "validate.write_answers": "\(columns), '{denied}', '{false}', '{NULL}', '{NULL}', '{NULL}'",
            "validate.write_scans":
                "\(columns), '{Prompt}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}'",
        ]
        for day in ["", "_of_any_day"] {
            arguments["issue.batch\(day)"] = "\(rounds), \(secrets), \(secrets)"
            arguments["expire.batch\(day)"] = "NULL, 3"
            arguments["validate.hold\(day)"] = held
            arguments["validate.write_verdicts\(day)"] = verdict
        }
        let queues = [
            ("issue_queue", of.queued), ("validate_queue", of.submission),
            ("enrollments", of.pendingEnrollment),
        ]
        for (table, key) in queues {
            arguments["countersign.\(table).peek"] = rounds
            arguments["countersign.\(table).broken"] = ""
            arguments["countersign.\(table).count_failure"] = "'\(key)'"
            arguments["countersign.\(table).release"] = "'{\(of.app)}', '{\(key)}', '{0}'"
        }
        return arguments
    }

    /// Those that are for any day; one gives up a row that has broken its batch, whenever that was sent.
    static let looksEverywhere: Set = [
        "validate.give_up",
        "issue.alone", "issue.batch_of_any_day", "expire.batch_of_any_day", "validate.hold_of_any_day",
        "validate.write_verdicts_of_any_day",
    ]

    /// Not measured, with the reason.
    static let exempt: [String: String] = {
        let reasons: [(String, [String])] = [
            (
                "touches no table that grows",
                [
                    "begin", "commit", "clock.tell", "bell.arm", "bell.leave", "bell.ring", "plans.discard",
                    "worker.register",
                    "worker.report", "worker.leave", "orders.drain", "housekeep.lead",
                    "housekeep.sweep_workers", "housekeep.forget_browsers",
                    "housekeep.measure_notifications", "housekeep.missing_partitions",
                    "housekeep.create_partition", "housekeep.outlived_partitions",
                    "housekeep.drop_partition",
                ]
            ),
            (
                "reads all that it counts or sweeps, which nobody waits for; HousekeepCostTests counts the comparisons",
                [
                    "housekeep.recount_limits", "housekeep.sweep_secrets", "housekeep.sweep_issue_queue",
                    "housekeep.sweep_browser_tokens", "housekeep.close_events", "housekeep.record_history",
                ]
            ),
            (
                "reads a bounded sample of pages, which DepthCostTests counts",
                ["housekeep.measure_queues"]
            ),
        ]
        return Dictionary(
            uniqueKeysWithValues: reasons.flatMap { reason, names in names.map { ($0, reason) } })
    }()
}
