import Countersign
import Engine
import OpenPGP
import Postgres
import Support
import Testing

/// Of an app with a hold, a user's further device answers only after an older one has confirmed it, or the time is over.
@Suite(.database) struct HoldTests {
    private static let states = Statement(
        "held",
        "SELECT held_until IS NOT NULL, confirmation FROM countersign.enrollment_results WHERE enrollment_id = $1"
    )

    private struct Parties: ~Copyable {
        var portal: Connection
        var app: Connection
        let old: SQLPhone
        let new: SQLPhone

        static func gather(hold: Int = 3600) async throws -> Parties {
            let site = try await Site.make(signed: true)
            try await Database.current.arrange("UPDATE countersign.apps SET enrollment_hold = \(hold)")
            var app = try await site.app()
            let old = try await SQLPhone.enroll("alice", on: "old", &app)
            let new = try await SQLPhone.enroll("alice", on: "new", &app)
            return Parties(portal: try await site.portal(), app: app, old: old, new: new)
        }

        mutating func state(_ phone: SQLPhone) async throws -> (isHeld: Bool, confirmation: String?) {
            let row = try await app.run(HoldTests.states, [.identifier(phone.enrollment)])[0]
            return (try row.bool(0), try row.optionalText(1))
        }

        /// Reason of a new request's acceptance.
        mutating func accept(_ phone: SQLPhone) async throws -> String? {
            let (_, code) = try await portal.issued()
            return try await phone.send(.accept, code, &app).reason
        }

        mutating func confirmation() async throws -> String { try await state(new).confirmation ?? "" }
    }

    private func events(_ type: String) async throws -> Int {
        try await Database.current.count(
            "SELECT count(*) FROM countersign.events WHERE type = 'enrollment.\(type)'")
    }

    @Test func `a further device waits until an older one has signed that it is the user's`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            #expect(try await all.state(all.old) == (false, nil))
            #expect(try await all.state(all.new).isHeld)
            #expect(try await events("held") == 1)
            let (request, code) = try await all.portal.issued()
            for action in [SubmissionAction.scan, .accept, .deny] {
                #expect(try await all.new.send(action, code, &all.app).reason == "enrollment_held")
            }
            #expect(try await all.portal.status(request) == "issued")

            let confirmation = try await all.confirmation()
            // Not by itself, by nobody else, not for another key, and not without the right signature.
            #expect(try await all.new.send(.confirm, confirmation, &all.app).reason == "enrollment_held")
            let mallory = try await SQLPhone.enroll("mallory", &all.app)
            #expect(try await mallory.send(.confirm, confirmation, &all.app).reason == "unknown_code")
            let other = try Code.invented(for: #require(Identifier(all.new.enrollment.description)))
            #expect(try await all.old.send(.confirm, other, &all.app).reason == "unknown_code")
            var forged = try all.old.submission(.confirm, confirmation)
            forged.signature = try all.new.sign(forged.text)
            #expect(try await all.app.submit(forged).reason == "invalid_signature")
            var unsigned = forged
            unsigned.signature = nil
            #expect(try await all.app.submit(unsigned).reason == "invalid_signature")
            // An answer is no confirmation, whatever it answers.
            #expect(try await all.old.send(.accept, confirmation, &all.app).reason == "unknown_code")
            #expect(try await all.state(all.new).isHeld)
            #expect(try await events("confirmed") == 0)

            #expect(try await all.old.send(.confirm, confirmation, &all.app).result == "accepted")
            #expect(try await all.state(all.new) == (false, nil))
            #expect(try await all.new.send(.accept, code, &all.app).reason == nil)
            let told = """
                SELECT count(*) FROM countersign.events WHERE type = 'enrollment.confirmed' AND transaction_id IS NULL
                  AND enrollment_id = '\(all.new.enrollment)' AND details ->> 'confirmed_by' = '\(all.old.enrollment)'
                """
            #expect(try await Database.current.count(told) == 1)
            // Again, and it stays so.
            #expect(try await all.old.send(.confirm, confirmation, &all.app).result == "accepted")
            #expect(try await events("confirmed") == 1)
        }
    }

    @Test func `older devices are told by the app's channel`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            let site = try await Site.make(signed: true)
            try await Database.current.arrange("UPDATE countersign.apps SET enrollment_hold = 3600")
            var app = try await site.app()
            var listener = try await site.app()
            let old = try await SQLPhone.enroll("alice", on: "old", &app)
            let channel = try await listener.execute("SELECT countersign.app_channel()")[0].text(0)
            try await listener.listen(to: [channel])
            let new = try await SQLPhone.enroll("alice", on: "new", &app)
            let told = try await listener.notifications(until: .now + .seconds(10)).map(\.payload)
            #expect(told.contains { $0.hasPrefix("asked ") && $0.contains("\(old.enrollment)") }, "\(told)")
            #expect(told.contains { $0.hasPrefix("active ") && $0.contains("\(new.enrollment)") }, "\(told)")
        }
    }

    @Test func `the time alone lets it answer, also when every older device is gone`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            try await Database.current.arrange(
                "SELECT countersign.revoke_enrollment('\(all.old.enrollment)')")
            #expect(try await all.accept(all.new) == "enrollment_held")
            // Nor is one held less that is enrolled when none is left.
            try await Database.current.arrange(
                "SELECT countersign.revoke_enrollment('\(all.new.enrollment)')")
            let third = try await SQLPhone.enroll("alice", on: "third", &all.app)
            #expect(try await all.accept(third) == "enrollment_held")
            try await Database.current.arrange(
                "UPDATE countersign.enrollments SET held_until = held_until - interval '1 h'")
            #expect(try await all.accept(third) == nil)
        }
    }

    @Test func `the same device with another key is a further one, and with the same key it is not`()
        async throws
    {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            let again = try await all.app.enroll("alice", "old", key: all.old.keys.publicKey)
            let same = SQLPhone(keys: all.old.keys, enrollment: again.id, context: all.old.context)
            #expect(try await all.accept(same) == nil)
            let heldAgain = try await all.app.enroll("alice", "new", key: all.new.keys.publicKey)
            let held = SQLPhone(keys: all.new.keys, enrollment: heldAgain.id, context: all.new.context)
            #expect(try await all.accept(held) == "enrollment_held")
            let thief = try await SQLPhone.enroll("alice", on: "old", &all.app)
            #expect(try await all.accept(thief) == "enrollment_held")
            // A revoked key is no key of the user's any more.
            try await Database.current.arrange("SELECT countersign.revoke_enrollment('\(thief.enrollment)')")
            let back = try await all.app.enroll("alice", "old", key: thief.keys.publicKey)
            let returned = SQLPhone(keys: thief.keys, enrollment: back.id, context: thief.context)
            #expect(try await all.accept(returned) == "enrollment_held")
        }
    }

    @Test func `an operator releases it`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            var owner = try await Database.current.connect()
            let release = "SELECT countersign.release_enrollment('\(all.new.enrollment)')"
            #expect(try await owner.execute(release)[0].bool(0))
            #expect(try await !owner.execute(release)[0].bool(0))
            #expect(try await events("released") == 1)
            #expect(try await all.accept(all.new) == nil)
        }
    }
}
