package import Postgres

extension Statement {
    package static let begin = Statement("begin", "BEGIN")
    package static let commit = Statement("commit", "COMMIT")
}

/// Every statement a worker runs: a test prepares them all against the migrated schema.
package enum WorkerStatements {
    package static var all: [Statement] {
        let claims = [Claim.issue, .validate, .enroll].flatMap { [$0.peek, $0.broken, $0.countFailure] }
        return claims + Heartbeat.all + [
            Bell.arm, Bell.disarm, Bell.ring,
            EnrollStage.readKeys, EnrollStage.claimBatch, EnrollStage.claimAlone, EnrollStage.insertShared,
            EnrollStage.replace, EnrollStage.resolve, EnrollStage.reject,
            IssueStage.issueBatch, IssueStage.issueAlone, IssueStage.dropBroken,
            ValidateStage.readSwitches, ValidateStage.claimBatch, ValidateStage.claimAlone,
            ValidateStage.hold, ValidateStage.readTransaction,
            ValidateStage.writeVerdicts, ValidateStage.addWrongCodes, ValidateStage.giveUpSubmission,
        ]
    }
}
