import Postgres

/// Leases enrollments that are pending.
struct ClaimEnrollments: PreparedStatement {
    let lanes: Lanes
    let limit: Int

    typealias Output = ClaimedEnrollment

    static let statement = Statement("enroll.claim", claimSQL(.round))
    var parameters: [Parameter] { Claim.parameters(lanes, limit: limit) }
}

/// Leases one enrollment.
struct ClaimEnrollment: PreparedStatement {
    let key: Identifier

    typealias Output = ClaimedEnrollment

    static let statement = Statement("enroll.claim_alone", claimSQL(.alone))
    var parameters: [Parameter] { [.identifier(key)] }
}

private func claimSQL(_ mode: Claim.Mode) -> String {
    """
    WITH RECURSIVE \(Claim.enroll.sql(mode)), \(Claim.enroll.leaseSQL(of: "claimed"))
    SELECT c.key, c.lane, \(mode == .round ? "(SELECT min(slice) FROM lanes)" : "1") AS slice, e.public_key, e.user_id,
           c.leases, clock_timestamp() AS now
    FROM leased c JOIN countersign.enrollments e ON e.enrollment_id = c.key
    WHERE e.status = 'pending' \(mode == .round ? "AND c.attempts = 0" : "")
    """
}
