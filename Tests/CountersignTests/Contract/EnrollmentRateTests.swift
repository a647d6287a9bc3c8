import Countersign
import Postgres
import Support
import Testing

/// Who enrolls one device again and again is refused, and no other device is.
@Suite(.database) struct EnrollmentRateTests {
    private static let enroll = Statement(
        "enroll_again",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ($1, $2, 'none')
        RETURNING enrollment_id
        """)

    @Test func `a device is enrolled so often within an hour`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.apps SET max_enrollments_per_hour = 3")
        var app = try await site.app()
        for _ in 0..<3 { _ = try await app.run(Self.enroll, ["alice", "phone"]) }
        let refusal = try await app.refusal(of: Self.enroll, ["alice", "phone"])
        #expect(refusal?.state == "CS008")
        #expect(
            refusal?.message
                == "this device was enrolled 3 times within an hour, which is the limit; try again later")
        #expect(try await app.refusal(of: Self.enroll, ["alice", "tablet"]) == nil)
        #expect(try await app.refusal(of: Self.enroll, ["bob", "phone"]) == nil)
        // An hour later.
        try await Database.current.arrange(
            """
            UPDATE countersign.enrollments SET enrollment_id = overlay(enrollment_id::text
                PLACING left(countersign.uuid_floor(clock_timestamp() - interval '61 min')::text, 13) FROM 1)::uuid
            """)
        #expect(try await app.refusal(of: Self.enroll, ["alice", "phone"]) == nil)
    }

    /// Each time under another name of the device, and revoked at once.
    @Test func `a user enrolls so often within an hour`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            "UPDATE countersign.apps SET max_enrollments_per_hour = 2, max_devices_per_user = 3")
        var app = try await site.app()
        for number in 0..<6 {
            _ = try await app.run(Self.enroll, ["alice", .text("phone \(number)")])
            try await Database.current.arrange("UPDATE countersign.enrollments SET status = 'revoked'")
        }
        let refusal = try await app.refusal(of: Self.enroll, ["alice", "phone"])
        #expect(refusal?.state == "CS008")
        #expect(
            refusal?.message
                == "this user has enrolled devices 6 times within an hour, which is the limit; try again later"
        )
        #expect(try await app.refusal(of: Self.enroll, ["bob", "phone"]) == nil)
    }
}
