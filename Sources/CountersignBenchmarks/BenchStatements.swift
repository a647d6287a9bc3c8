import Postgres

/// Every statement of the benchmarks: a test compares each with the schema.
enum BenchStatements {
    static let all: [any StatementFamily.Type] = [
        AdmitDevice.self, AwaitAnswer.self, AwaitCode.self, AwaitFloorCode.self, AwaitFloorVerdict.self,
        Confirm.self,
        CountDue.self,
        CountEnded.self, FindLastRequests.self, FindWorker.self,
        InsertAnswers.self, InsertEnrollment.self,
        InsertEnrollments.self, InsertFloorRequest.self, InsertFloorSubmission.self, InsertPlainRequest.self,
        InsertPlainSubmission.self, InsertProtectedRequest.self, InsertRequest.self, InsertSubmission.self,
        IsAnyDue.self,
        IsAnyPending.self, IsAnyRequested.self, IsAnyUnjudged.self, IsAnythingQueued.self,
        IsEnrollmentPending.self, IssueFloor.self, JudgeFloor.self, ListBackends.self, LoadDeliveries.self,
        LoadDueRequests.self, LoadEnrollments.self, LoadIssued.self, LoadRequests.self, LoadUncollected.self,
        NotifyBare.self, QueueAll.self, QueueRequests.self, ReadDepths.self, ReadEnrollRate.self,
        ReadEstimateAge.self,
        ReadIssueRate.self, ReadResult.self, ReadStatements.self, ReadValidateRate.self, Redeem.self,
        RingStage.self, SelectOne.self, ShowCode.self,
        SwitchPortal.self,
    ]
}
