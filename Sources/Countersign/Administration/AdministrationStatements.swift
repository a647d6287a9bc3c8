package import Postgres

/// Every SQL text of sealing and administration, so that a test can prepare each against the real schema.
package let administrationStatements: [Statement] =
    [
        App.enabling, App.insertion, App.listing,
        AuthenticationType.checking, AuthenticationType.insertion, AuthenticationType.listing,
        AuthenticationType.messageInsertion, AuthenticationType.removal,
        Callback.checking, Callback.insertion, Callback.listing, Callback.numbering, Callback.portal,
        Callback.removal,
        Login.creation,
        NamedThing.app.names, NamedThing.portal.names, NamedThing.type.names,
        Portal.enabling, Portal.insertion, Portal.listing, Portal.numbering,
        RequestLife.attempts, RequestLife.deliveries, RequestLife.people, RequestLife.permission,
        RequestLife.requests, RequestLife.submissions,
        Sealer.samples,
        Settings.changing, Settings.reading,
        SystemStatus.clock, SystemStatus.queues, SystemStatus.workers,
        StageControl.listing, LogLevel.listing,
    ] + OperatorAction.all + Operator.all + SealedColumn.all.flatMap { [$0.outdated, $0.replacement] }
