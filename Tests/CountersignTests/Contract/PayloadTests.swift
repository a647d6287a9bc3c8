import Countersign
import Postgres
import Support
import Testing

/// What portals and apps are told, and whether they are.
@Suite(.database) struct PayloadTests {
    private struct Payload: Hashable {
        let receiver: Int
        let text: String
        var ids: Int { text.split(separator: ",").count }
    }

    private func payloads(_ receivers: [Int32], _ statuses: [String], _ ids: [Identifier]) async throws
        -> [Payload]
    {
        var owner = try await Database.current.connect()
        return try await owner.run(
            Statement("payloads", "SELECT receiver, payload FROM countersign.payloads($1, $2, $3)"),
            [.int32s(receivers), .identifiers(ids), .texts(statuses)]
        ).map { Payload(receiver: try $0.int(0), text: try $0.text(1)) }
    }

    /// Two receivers, whose rows come by turns.
    @Test(
        arguments: [(0, []), (1, [1]), (200, [200]), (201, [200, 1]), (450, [200, 200, 50])] as [(Int, [Int])]
    )
    func `each is told of its own, at most 200 at a time and in order`(each: Int, sizes: [Int]) async throws {
        let ids = (0..<2 * each).map { _ in Identifier.random() }
        let told = try await payloads(
            (0..<2 * each).map { Int32($0 % 2) }, ids.map { _ in "issued" }, ids)
        for receiver in 0..<2 {
            let own = told.filter { $0.receiver == receiver }.sorted { $0.ids > $1.ids }
            #expect(own.map(\.ids) == sizes)
            #expect(own.allSatisfy { $0.text.hasPrefix("issued ") })
            let heard = own.flatMap {
                $0.text.dropFirst("issued ".count).split(separator: ",").map(String.init)
            }
            let sent = stride(from: receiver, to: ids.count, by: 2).map { "\(ids[$0])" }
            #expect(Set(heard) == Set(sent) && heard.count == sent.count)
            #expect(
                own.allSatisfy { sent.joined(separator: ",").contains($0.text.dropFirst("issued ".count)) })
        }
        #expect(told.count == 2 * sizes.count)
    }

    @Test func `what became of them is told apart`() async throws {
        let ids = (0..<3).map { _ in Identifier.random() }
        let told = try await payloads([1, 1, 1], ["accepted", "rejected", "accepted"], ids)
        #expect(
            Set(told) == [
                Payload(receiver: 1, text: "accepted \(ids[0]),\(ids[2])"),
                Payload(receiver: 1, text: "rejected \(ids[1])"),
            ])
    }

    @Test func `neither portals nor apps are told while notifying is paused`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        try await portal.listen(to: [
            try await portal.execute("SELECT countersign.portal_channel()")[0].text(0)
        ])
        try await app.listen(to: [try await app.execute("SELECT countersign.app_channel()")[0].text(0)])
        var owner = try await Database.current.connect()
        let ids = [Identifier.random(), .random()]
        for (id, isPaused) in zip(ids, [true, false]) {
            try await owner.execute(
                """
                UPDATE countersign.notification_queue SET measured_at = clock_timestamp(), is_paused = \(isPaused);
                SELECT countersign.tell_portals(ARRAY[\(site.portalID)], ARRAY['\(id)'::uuid], ARRAY['issued']),
                       countersign.tell_apps(ARRAY[\(site.appID)], ARRAY['\(id)'::uuid], ARRAY['accepted'])
                """)
        }
        let deadline = ContinuousClock.now + .seconds(30)
        #expect(try await portal.notifications(until: deadline).map(\.payload) == ["issued \(ids[1])"])
        #expect(try await app.notifications(until: deadline).map(\.payload) == ["accepted \(ids[1])"])
    }
}
