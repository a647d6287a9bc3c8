package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum WebhookStatements {
    package static let all: [any StatementFamily.Type] = [
        AcknowledgeDeliveries.self, ClaimDeliveries.self, CountAttempts.self, FindNextDelivery.self,
        GiveBackDeliveries.self, GiveUpDeliveries.self, JudgeProbes.self, OpenBreakers.self, SweepCounts.self,
    ]
}
