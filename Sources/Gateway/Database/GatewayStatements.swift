import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
enum GatewayStatements {
    static let all: [any StatementFamily.Type] = [
        CancelRequest.self, CollectCodes.self, CollectForBrowsers.self, ConfirmCode.self, EnrollDevice.self,
        FindAllowedOrigins.self, FindAppChannel.self, FindBrowserStates.self,
        FindCredentials.self, FindEnabledTypes.self, FindOutcomes.self, FindPortalChannel.self,
        FindRepeatedSubmission.self, FindResult.self, FindShownCode.self, InsertRequest.self, IsApp.self,
        IsPortal.self,
        ListClientIDs.self, ListEnrollments.self, NameApp.self, NamePortal.self, Redeem.self,
        RevokeEnrollment.self,
        StartRequests.self, StoreBrowserTokens.self,
        SubmitAnswer.self, SubmitAnswers.self,
    ]
}
