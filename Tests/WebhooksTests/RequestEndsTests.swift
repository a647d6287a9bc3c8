import Engine
import Postgres
import Support
import Testing
import Webhooks

/// What `webhook forward` reads of a portal's requests.
@Suite(.database) struct RequestEndsTests {
    /// Everybody's events are looked through when a session begins and once a minute, and not for this.
    @Test func `what the channel has told is looked up by its id`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var developer = try await site.portal()
        var ends = try await RequestEnds(of: "acme", DatabaseClock(), &developer)
        try await Database.current.arrange(
            "ALTER FUNCTION countersign.own_ends(timestamptz) RENAME TO ends_of_everybody")
        let id = try await portal.request()
        #expect(try await portal.cancel(id))
        var told: [Identifier] = []
        try await eventually("it is told") {
            let news = try await developer.notifications(until: .now + .seconds(1))
            told += RequestEnds.ids(in: news)
            return told == [id]
        }
        #expect(try await ends.next(told: told, &developer).map(\.transactionID) == [id])
        #expect(try await ends.next(told: told, &developer).isEmpty)
    }
}
