import Postgres
import Testing

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199_123_456, "2024-02-29T23:59:59.123456Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (.max, "infinity"), (.min, "-infinity"),
        ] as [(Int64, String)])
    func `are written as RFC 3339 in UTC`(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test
    func `move by durations, except the infinities`() {
        let time = Timestamp(microseconds: 1_000_000)
        #expect(time.advanced(by: .milliseconds(-1_500)) == Timestamp(microseconds: -500_000))
        #expect(time.duration(to: time.advanced(by: .seconds(90))) == .seconds(90))
        #expect(Timestamp.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(Timestamp.distantPast < time && time < .distantFuture)
    }

    @Test
    func `the clock runs`() {
        // 2025-01-01: a clock before that is not set.
        #expect(Timestamp.now() > Timestamp(microseconds: 1_735_689_600_000_000))
    }
}
