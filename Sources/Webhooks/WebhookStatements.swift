package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum WebhookStatements {
    package static let all = ofWorkers + ofPortals

    package static let ofWorkers: [any StatementFamily.Type] = [
        AcknowledgeDeliveries.self, ClaimDeliveries.self, CountAttempts.self, FindNextDelivery.self,
        GiveBackDeliveries.self, GiveUpDeliveries.self, JudgeProbes.self, OpenBreakers.self, SweepCounts.self,
    ]

    /// With which a portal's webhooks are forwarded.
    package static let ofPortals: [any StatementFamily.Type] = [
        FindEnds.self, ListEnds.self, NamePortal.self, ReadOwnPortal.self,
    ]
}
