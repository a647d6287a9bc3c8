package import Postgres

/// The statements of administration with their parameters and columns: a test compares those with the schema.
package enum AdministrationStatements {
    package static let all: [any StatementFamily.Type] =
        [
            AuditRefusal.self, BeginSession.self, CountCode.self, CreateLogin.self, DeclareRestore.self,
            DrainOutdatedWorkers.self, EndSession.self, FindDeadReceivers.self, FindEnrollmentReach.self,
            FindEventReach.self,
            FindDeliveryReach.self,
            FindDeviceOwners.self,
            FindReceiverFigures.self, FindReceivers.self,
            FindFailingStages.self, FindFilledDefaults.self, FindLastDigest.self, FindLatestRestore.self,
            FindLiveWorkers.self, FindLossyCommits.self, FindNames.self, FindOpenBreakers.self,
            FindOtherDatabases.self, FindOutdatedWorkers.self, FindPausedPortals.self, FindPortal.self,
            FindReach.self, FindReachedLimits.self, FindRequestEvents.self, FindSession.self,
            FindSubmissions.self,
            FollowEvents.self,
            ForeseeRestore.self, ForgetCurrentFiles.self, InsertAccount.self, InsertApp.self,
            InsertCredential.self,
            InsertPortal.self, IsMember.self, IsTaken.self, LimitWebhooks.self, ListAccounts.self,
            ListApps.self,
            ListAttempts.self, ListAuthenticationTypes.self, ListCallbacks.self, ListCredentials.self,
            ListDeliveries.self, ListEndpoints.self, ListEnrollments.self, ListEvents.self,
            ListLogLevels.self, ListLogins.self, ListObjects.self, ListOrigins.self, ListPortals.self,
            ListRequests.self,
            ListUserBrowsers.self,
            ListUserRequests.self,
            LockSecrets.self,
            MayReadBodies.self, MayReadPeople.self, MaySeeUsers.self, MendDefault.self, NumberPortal.self,
            ReadAccount.self, ReadBacklog.self, ReadCell.self, ReadClock.self, ReadHome.self,
            CreateSlot.self, DropSlots.self, FindSlot.self, ListCellFollowers.self, ReadFollowerLogin.self,
            ReadHomeOffer.self,
            ReadHomeSubscription.self,
            ReadConnectionBudget.self,
            ReadDelivery.self,
            ReadEventPosition.self,
            ReadFigures.self, ReadInstallation.self, ReadOwner.self, ReadPerson.self, ReadPseudonym.self,
            ReadQueues.self,
            ReadRequest.self, ReadSettings.self, ReadSignIns.self, ReadSigningKey.self, ReadWebhook.self,
            ReadWritability.self, ReleaseRestore.self, RemoveCredential.self, RenewPassword.self,
            ReplaceCredential.self, RotateSecret.self, RunCheck.self, SearchEvents.self, SendAgain.self,
            SetSigningKey.self, StoreFactor.self, TouchSession.self, UseCode.self, VerifyEvents.self,
            // of the configuration as a file
            ListConfiguredCallbacks.self, ListConfiguredPortals.self,
            LockConfiguration.self,
            // of archives of events
            DropArchivedEvents.self, FindDigestBefore.self, ListEndedPartitions.self, ListSpans.self,
            LockArchive.self,
            ReadEventsToArchive.self,
        ] + operatorActions.flatMap { $0.statements }
}
