import Countersign
package import Postgres

/// The statements of administration whose rows are read where they are run: a test prepares each.
package let administrationStatements: [Statement] =
    [
        App.insertion, ConnectionBudget.reading, Login.creation,
        NamedThing.app.names, NamedThing.portal.names, NamedThing.type.names,
        NamedThing.app.presence, NamedThing.portal.presence,
        Portal.insertion, Portal.key, Portal.keyChange, Portal.limiting, Portal.numbering, Portal.numberOf,
        Portal.rotation, Portal.secretForUpdate,
        PortalCredential.insertion, PortalCredential.removal,
        PortalCredential.rotation,
        Readiness.writability,
        Settings.reading,
    ] + operatorActions.flatMap { $0.statements }

/// The statements of administration with their parameters and columns: a test compares those, too.
package enum AdministrationStatements {
    package static let all: [any StatementFamily.Type] = [
        AuditRefusal.self, BeginSession.self, CountCode.self, EndSession.self, FindAttempts.self,
        FindFilledDefaults.self, FindLastDigest.self, FindLiveWorkers.self, FindPausedPortals.self,
        FindSession.self, FindSubmissions.self, InsertAccount.self, ListAccounts.self, ListApps.self,
        ListAttempts.self, ListAuthenticationTypes.self, ListCallbacks.self, ListCredentials.self,
        ListDeliveries.self, ListEndpoints.self, ListEnrollments.self, ListLogLevels.self, ListObjects.self,
        ListPortals.self, MayReadBodies.self, MayReadPeople.self, MaySeeUsers.self, MendDefault.self,
        ReadAccount.self, ReadClock.self, ReadDelivery.self, ReadFigures.self, ReadPerson.self,
        ReadQueues.self, ReadRequest.self, ReadWebhook.self, RunCheck.self, SearchEvents.self, SendAgain.self,
        StoreFactor.self, TouchSession.self, UseCode.self, VerifyEvents.self,
    ]
}
