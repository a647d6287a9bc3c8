package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum EngineStatements {
    package static let all: [any StatementFamily.Type] =
        work + housekeeping + [
            DropQueuedRequest.self, EndDueRequests.self, FailRequests.self, IssueAlone.self, IssueBatch.self,
        ]

    private static let work: [any StatementFamily.Type] = [
        ArmBell.self, CountFailure.self, DeregisterWorker.self, DisarmBell.self, DiscardPlans.self,
        FindBroken.self, FindClaimable.self, ReadDrainRequest.self, RegisterWorker.self,
        ReleaseLeases.self, ReportFigures.self, RingBell.self,
    ]

    private static let housekeeping: [any StatementFamily.Type] = [
        CloseEvents.self, CreatePartition.self, DropPartition.self, FindMissingPartitions.self,
        FindOutlivedPartitions.self,
        MeasureQueues.self, RecordHistory.self, RecountLimits.self, SweepIssueQueue.self, SweepSecrets.self,
        SweepWorkers.self, TakeHousekeeping.self,
    ]
}
