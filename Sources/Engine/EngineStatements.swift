package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum EngineStatements {
    package static let all: [any StatementFamily.Type] = [
        CreatePartition.self, DropPartition.self, EndDueRequests.self, FailRequests.self,
        FindMissingPartitions.self, FindOutlivedPartitions.self, MeasureQueues.self, RecordHistory.self,
        RecountLimits.self, SweepIssueQueue.self, SweepSecrets.self, SweepWorkers.self, TakeHousekeeping.self,
    ]
}
