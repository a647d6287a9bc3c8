import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Postgres
import Webhooks

/// A backlog of webhooks to a receiver that answers at once, against async-http-client posting the same bodies with
/// the same concurrency to the same receiver and no database; and the memory of the worker that delivers them.
struct WebhookFigure: Figure {
    /// What waits; also of the memory figure.
    static let backlog = 100_000
    /// Twenty portals with eight places each.
    static let concurrency = Scale.portals * 8

    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.withReceiver { receiver, superuser in
            var ours: [Double] = []
            var reference: [Double] = []
            var memory: [Double] = []
            for _ in 0..<bench.scale.webhookRounds {
                reference.append(try await post(receiver))
                try await bench.reset()
                let portals = bench.installation.portals.map(\.id)
                try await WebhookLoad.end(Self.backlog, portals, at: receiver.url + "/cb", &superuser)
                try await bench.settle(&superuser)
                try await bench.withWorker(stages: "dispatch", receiver.flags) { worker in
                    try await receiver.wait(for: Self.backlog, within: .seconds(300))
                    try worker.check()
                    memory.append(try worker.memory().greatest)
                }
                ours.append(rate(receiver.takeArrivals()))
            }
            return rows(ours, reference, memory)
        }
    }

    private func rows(_ ours: [Double], _ reference: [Double], _ memory: [Double]) -> [ReportRow] {
        [
            ReportRow(
                figure: "webhooks",
                title: "100,000 waiting webhooks to a receiver that answers at once; async-http-client alone",
                unit: .perSecond, ours: Spread(ours), reference: Spread(reference), target: .atLeast(0.6)),
            ReportRow(
                figure: "webhook memory",
                title: "greatest resident memory of work --stages dispatch meanwhile",
                unit: .mebibytes, ours: Spread(memory), reference: nil, target: .limit(64)),
        ]
    }

    private func rate(_ arrivals: [String: ContinuousClock.Instant]) -> Double {
        guard let first = arrivals.values.min(), let last = arrivals.values.max() else { return 0 }
        return Double(arrivals.count) / (first.duration(to: last) / .seconds(1))
    }

    /// The least that can post them.
    private func post(_ receiver: WebhookReceiver) async throws -> Double {
        let message = WebhookMessage(
            transactionID: .random(), status: "authenticated", callbackURI: receiver.url + "/cb",
            occurredAt: .now())
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.concurrency
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let url = receiver.url + "/cb"
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<Self.concurrency {
                group.addTask {
                    for _ in 0..<Self.backlog / 2 / Self.concurrency {
                        try await Self.post(message.body, url, client)
                    }
                }
            }
        }
        try await client.shutdown()
        return rate(receiver.takeArrivals())
    }

    private static func post(_ body: [UInt8], _ url: String, _ client: HTTPClient) async throws {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = [
            "content-type": "application/json", "user-agent": "countersign",
            "webhook-id": "\(Identifier.random())",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ]
        request.body = .bytes(body)
        let response = try await client.execute(request, timeout: .seconds(10))
        _ = try await response.body.collect(upTo: 16_384)
    }
}
