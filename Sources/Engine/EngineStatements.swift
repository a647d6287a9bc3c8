package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum EngineStatements {
    package static let all = work + housekeeping + enrolling + issuing + validating

    private static let enrolling: [any StatementFamily.Type] = [
        ClaimEnrollment.self, ClaimEnrollments.self, HoldEnrollments.self, InsertSharedKey.self,
        ReadKeyPolicy.self, RejectEnrollment.self, ReplaceEnrollments.self, ResolveEnrollments.self,
    ]

    private static let issuing: [any StatementFamily.Type] = [
        DropQueuedRequest.self, EndDueRequests.self, FailRequests.self, IssueAlone.self, IssueBatch.self,
    ]

    private static let validating: [any StatementFamily.Type] = [
        AddWrongCodes.self, ClaimSubmission.self, ClaimSubmissions.self, EndOldestScans.self,
        GiveUpSubmission.self,
        HoldSubmissions.self, ReadSwitches.self, ReadTransaction.self, TakeSubmissions.self,
        WriteAnswers.self, WriteScans.self, WriteVerdicts.self,
    ]

    private static let work: [any StatementFamily.Type] = [
        ArmBell.self, Begin.self, Commit.self, CountFailure.self, DeregisterWorker.self, DisarmBell.self,
        DiscardPlans.self, FindBroken.self, FindClaimable.self, ReadDrainRequest.self, RegisterWorker.self,
        ReleaseLeases.self, ReportFigures.self, RingBell.self, TellTime.self,
    ]

    private static let housekeeping: [any StatementFamily.Type] = [
        CheckEpoch.self, ClearSuspects.self, FindEpochFault.self, ReadEpoch.self, RevokeAgain.self,
        CloseEvents.self, CreatePartition.self, DropPartition.self, FindMissingPartitions.self,
        FindOutlivedPartitions.self, MeasureNotifications.self, MeasureQueues.self, RecordHistory.self,
        RecountLimits.self, SweepBrowserTokens.self, SweepIssueQueue.self, SweepSecrets.self,
        SweepWorkers.self, ForgetBrowsers.self, TakeHousekeeping.self,
    ]
}
