import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
enum GatewayStatements {
    static let all: [any StatementFamily.Type] = [
        CancelRequest.self, CollectCodes.self, ConfirmCode.self, EnrollDevice.self, FindAppChannel.self,
        FindCredentials.self, FindEnabledTypes.self, FindOutcomes.self, FindPortalChannel.self,
        FindRepeatedSubmission.self, FindResult.self, FindShownCode.self, InsertRequest.self, IsApp.self,
        IsPortal.self,
        ListEnrollments.self, NameApp.self, NamePortal.self, Redeem.self, RevokeEnrollment.self,
        StartRequests.self,
        SubmitAnswer.self, SubmitAnswers.self,
    ]
}
