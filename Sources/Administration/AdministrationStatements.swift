import Countersign
package import Postgres

/// Every SQL text of sealing and administration, so that a test can prepare each against the real schema.
package let administrationStatements: [Statement] =
    [
        AuditEvent.permission, AuditEvent.search, AuditEvent.searchWithoutUsers,
        App.enabling, App.insertion, App.listing,
        AuthenticationType.checking, AuthenticationType.insertion, AuthenticationType.listing,
        AuthenticationType.messageInsertion, AuthenticationType.removal,
        Callback.checking, Callback.insertion, Callback.listing, Callback.numbering, Callback.portal,
        Callback.removal,
        Enrollment.listing, Enrollment.revocation,
        Login.creation,
        NamedThing.app.names, NamedThing.portal.names, NamedThing.type.names,
        NamedThing.app.presence, NamedThing.portal.presence,
        Portal.enabling, Portal.insertion, Portal.key, Portal.keyChange, Portal.limiting, Portal.listing,
        Portal.numbering, Portal.rotation, Portal.secretForUpdate,
        PortalCredential.insertion, PortalCredential.listing, PortalCredential.removal,
        PortalCredential.rotation,
        RequestLife.attempts, RequestLife.deliveries, RequestLife.people, RequestLife.permission,
        RequestLife.requests, RequestLife.submissions,
        Readiness.writability,
        SharedKey.counting, SharedKey.rotation,
        Settings.changing, Settings.reading,
        SystemStatus.clock, SystemStatus.pausedPortals, SystemStatus.queues, SystemStatus.workers,
        StageControl.listing, LogLevel.listing,
        WebhookDelivery.attempts, WebhookDelivery.attemptsWithBody, WebhookDelivery.deadBatch,
        WebhookDelivery.one, WebhookDelivery.permission, WebhookDelivery.sending, WebhookEndpoint.listing,
    ] + WebhookDelivery.State.allCases.map(WebhookDelivery.listing) + OperatorAction.all + Operator.all
