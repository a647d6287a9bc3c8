import Postgres

/// Every statement of the program's own, which the tests prepare against the migrated schema.
enum CommandStatements {
    static let all: [any StatementFamily.Type] = [
        AwaitAnswer.self, EnrollPhone.self, ListOwnDevices.self, ReadChannel.self, ReadEnrollment.self,
        SubmitAnswer.self,
    ]
}
