package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum CountersignStatements {
    package static let all: [any StatementFamily.Type] = [
        FindOutdated.self, ReadLogLevels.self, ReadStageControls.self, ReplaceSealed.self, SampleSealed.self,
    ]
}
