import Countersign
import Foundation
import Postgres
import Support
import Testing

/// Each reason for which this version rejects a submission, as the app sees it. What is rejected changes
/// nothing about the request.
@Suite(.database) struct RejectionTests {
    private func expect(
        _ answer: (result: String, reason: String?, prompt: String?), _ reason: String?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(answer.reason == reason, sourceLocation: sourceLocation)
        let result = reason == nil ? "accepted" : "rejected"
        #expect(answer.result == result, sourceLocation: sourceLocation)
        if reason != nil { #expect(answer.prompt == nil, sourceLocation: sourceLocation) }
    }

    @Test func `unknown_code: invented, of another secret, not issued yet`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            expect(try await app.submit(enrollment, Code.invented(), "scan"), "unknown_code")
            expect(
                try await app.submit(enrollment, Code.invented(for: transaction), "accept"), "unknown_code")
            #expect(try await portal.status(transaction) == "issued")
            expect(try await app.submit(enrollment, code, "accept"), nil)
        }
    }

    @Test func `unknown_code: a request that is not issued yet`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let waiting = try await portal.request()
            expect(try await app.submit(enrollment, Code.invented(for: waiting), "accept"), "unknown_code")
            #expect(try await portal.status(waiting) == "requested")
        }
    }

    @Test(arguments: ["accept", "deny"]) func `already_used`(end: String) async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let other = try await app.enroll("bob")
            let (transaction, code) = try await portal.issued()
            expect(try await app.submit(enrollment, code, end), nil)
            for action in ["scan", "accept", "deny"] {
                expect(try await app.submit(enrollment, code, action), "already_used")
                expect(try await app.submit(other, code, action), "already_used")
            }
            #expect(try await portal.status(transaction) == (end == "accept" ? "authenticated" : "denied"))
        }
    }

    @Test func `expired: of a request that has expired, was cancelled or has failed`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (expiring, first) = try await portal.issued()
            let (cancelled, second) = try await portal.issued()
            let (failing, third) = try await portal.issued()
            try await Database.current.makeDue(expiring)
            #expect(try await portal.cancel(cancelled))
            try await Database.current.arrange(
                "SELECT countersign.end_requests(ARRAY['\(failing)'::uuid], ARRAY['failed'])")
            for code in [first, second, third] {
                for action in ["scan", "accept", "deny"] {
                    expect(try await app.submit(enrollment, code, action), "expired")
                }
            }
            try await eventually("it expires") { try await portal.status(expiring) == "expired" }
            #expect(try await portal.status(cancelled) == "cancelled")
            #expect(try await portal.status(failing) == "failed")
        }
    }

    /// No sweeper has to run for that.
    @Test(arguments: ["issued", "scanned"])
    func `expired: after its time, though the expire stage does not run`(state: String) async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            if state == "scanned" { expect(try await app.submit(enrollment, code, "scan"), nil) }
            try await Database.current.makeDue(transaction)
            for action in ["scan", "accept", "deny"] {
                expect(try await app.submit(enrollment, code, action), "expired")
            }
            let row = try await portal.run(SQL.status, [.identifier(transaction)])[0]
            #expect(try row.text(0) == state)
            #expect(try row.optionalBool(1) == nil)
            #expect(try row.optionalText(2) == nil)
        }
    }

    @Test func `other_device: somebody else has scanned it`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice", "phone")
            let tablet = try await app.enroll("alice", "tablet")
            let (transaction, code) = try await portal.issued()
            let scan = try await app.submit(enrollment, code, "scan")
            expect(scan, nil)
            for action in ["scan", "accept", "deny"] {
                expect(try await app.submit(tablet, code, action), "other_device")
            }
            let again = try await app.submit(enrollment, code, "scan")
            #expect(again.result == "accepted" && again.prompt == scan.prompt)
            expect(try await app.submit(enrollment, code, "accept"), nil)
            #expect(try await portal.status(transaction) == "authenticated")
        }
    }

    @Test func `not_enrolled: nobody's, and pending`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let (transaction, code) = try await portal.issued()
            let pending = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
            expect(try await app.submit(.random(), code, "accept"), "not_enrolled")
            expect(try await app.submit(pending, code, "accept"), "not_enrolled")
            try await Database.current.arrange("UPDATE countersign.enrollments SET status = 'rejected'")
            expect(try await app.submit(pending, code, "accept"), "not_enrolled")
            #expect(try await portal.status(transaction) == "issued")
        }
    }

    @Test func `enrollment_revoked`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let old = try await app.enroll("alice", "phone")
            let new = try await app.enroll("alice", "phone")
            let (_, code) = try await portal.issued()
            for action in ["scan", "accept", "deny"] {
                expect(try await app.submit(old, code, action), "enrollment_revoked")
            }
            expect(try await app.submit(new, code, "accept"), nil)
        }
    }

    @Test(arguments: ["settings SET enrollment_enabled = false", "apps SET enabled = false"])
    func `enrollment_disabled`(setting: String) async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            try await Database.current.arrange("UPDATE countersign.\(setting)")
            for action in ["scan", "accept", "deny"] {
                expect(try await app.submit(enrollment, code, action), "enrollment_disabled")
            }
            #expect(try await portal.status(transaction) == "issued")
        }
    }

    @Test func `stale_signature: signed more than five minutes ago, or from now`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (_, code) = try await portal.issued()
            for (offset, reason) in [
                (-330, "stale_signature"), (330, "stale_signature"), (-270, nil), (270, nil),
            ] {
                let time = Timestamp.now().advanced(by: .seconds(offset))
                let signed = String("\(time)".prefix(19)) + "Z"
                let values: [Parameter] = [
                    .text(enrollment.description), .text(code), "scan", .text(signed), nil, nil,
                ]
                let id = try await app.run(SQL.submitText, values)[0].identifier(0)
                let row = try await app.outcome(id)
                #expect(try row.optionalText(1) == reason, "\(offset) s")
            }
        }
    }
}
