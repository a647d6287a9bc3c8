import Postgres
import Testing

struct SQLStateTests {
    @Test
    func `two characters match a class, five themselves`() {
        let state: SQLState = "40001"
        #expect("40" ~= state)
        #expect("40001" ~= state)
        #expect(!("40P01" ~= state))
        #expect(!("08" ~= state))
    }

    @Test(arguments: ["08006", "08001", "57P01", "57P02", "57P03", "25P03"] as [SQLState])
    func `tell lost connections`(state: SQLState) {
        #expect(PostgresError(state, "").isConnectionLoss)
        #expect(!PostgresError(state, "").isRetryable)
    }

    @Test
    func `tell what may be tried again`() {
        #expect(PostgresError("40P01", "").isRetryable)
        #expect(!PostgresError("40P01", "").isConnectionLoss)
        #expect(!PostgresError("57014", "").isConnectionLoss)
    }
}
