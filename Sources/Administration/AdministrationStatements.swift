import Countersign
package import Postgres

/// Every SQL text of sealing and administration, so that a test can prepare each against the real schema.
package let administrationStatements: [Statement] =
    [
        AuditEvent.permission, AuditEvent.search, AuditEvent.searchWithoutUsers,
        App.insertion, App.listing,
        AuthenticationType.listing,
        Callback.listing,
        Enrollment.listing,
        ConnectionBudget.reading, Login.creation,
        NamedThing.app.names, NamedThing.portal.names, NamedThing.type.names,
        NamedThing.app.presence, NamedThing.portal.presence,
        Portal.insertion, Portal.key, Portal.keyChange, Portal.limiting, Portal.listing,
        Portal.numbering, Portal.numberOf, Portal.rotation, Portal.secretForUpdate,
        PortalCredential.insertion, PortalCredential.listing, PortalCredential.removal,
        PortalCredential.rotation,
        RequestLife.attempts, RequestLife.deliveries, RequestLife.people, RequestLife.permission,
        RequestLife.requests, RequestLife.submissions,
        Readiness.writability,
        Settings.reading,
        SystemStatus.clock, SystemStatus.pausedPortals, SystemStatus.queues, SystemStatus.workers,
        ReadStageControls.statement, LogLevel.listing,
        WebhookDelivery.attempts, WebhookDelivery.attemptsWithBody, WebhookDelivery.one,
        WebhookDelivery.permission, WebhookEndpoint.listing,
    ] + WebhookDelivery.State.allCases.map(WebhookDelivery.listing)
    + operatorActions.flatMap { $0.statements } + Operator.all
    + [VerifyEvents.statement, FindLastDigest.statement]
