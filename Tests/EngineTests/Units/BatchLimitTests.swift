import Engine
import Testing

@Suite struct BatchLimitTests {
    private let start = ContinuousClock.now

    @Test func `nothing is reduced before something took too long`() {
        var limit = BatchLimit()
        #expect(limit.rows(of: 500) == 500 && limit.reduced == nil)
        let isWhole = limit.passed(of: 500, now: start + .seconds(60))
        #expect(!isWhole)
        #expect(limit.rows(of: 500) == 500)
    }

    @Test func `each batch that takes too long is halved, down to one row`() {
        var limit = BatchLimit()
        var taken: [Int] = []
        while limit.timedOut(limit.rows(of: 500), now: start) { taken.append(limit.rows(of: 500)) }
        #expect(taken == [250, 125, 62, 31, 15, 7, 3, 1])
        #expect(limit.rows(of: 500) == 1)
    }

    @Test func `it grows by a quarter each ten seconds until it is whole`() {
        var limit = BatchLimit()
        _ = limit.timedOut(100, now: start)
        let isWhole = limit.passed(of: 100, now: start + .seconds(9))
        #expect(!isWhole)
        #expect(limit.rows(of: 100) == 50)
        var sizes: [Int] = []
        for second in stride(from: 10, through: 40, by: 10) {
            let isWhole = limit.passed(of: 100, now: start + .seconds(second))
            sizes.append(limit.rows(of: 100))
            #expect(isWhole == (second == 40))
        }
        #expect(sizes == [62, 77, 96, 100] && limit.reduced == nil)
    }

    @Test func `operators who want less still get less`() {
        var limit = BatchLimit()
        _ = limit.timedOut(500, now: start)
        #expect(limit.rows(of: 100) == 100)
    }
}
