import Postgres

/// From the end of a request to the receipt of its webhook.
struct WebhookLatencies {
    /// Ends `rate` requests a second for `duration`, ten milliseconds' worth in a transaction, and waits for their
    /// webhooks. Counted from before the transaction is sent: it holds the commit, too.
    static func measure(
        rate: Int, for duration: Duration, _ portals: [Int32], at url: String, _ receiver: WebhookReceiver,
        _ superuser: inout Connection
    ) async throws -> Latencies {
        var begun: [String: ContinuousClock.Instant] = [:]
        let start = ContinuousClock.now
        var sent = 0
        while start.duration(to: .now) < duration {
            let due = Int(Double(rate) * (start.duration(to: .now) / .seconds(1)))
            if due > sent {
                let now = ContinuousClock.now
                for id in try await WebhookLoad.end(due - sent, portals, at: url, &superuser) {
                    begun[id] = now
                }
                sent = due
            }
            try await Task.sleep(for: .milliseconds(10), tolerance: .zero)
        }
        try await receiver.wait(for: begun.count, within: .seconds(60))
        let arrivals = receiver.takeArrivals()
        var latencies = Latencies()
        for (id, start) in begun {
            if let end = arrivals[id] { latencies.record(start.duration(to: end)) }
        }
        return latencies
    }
}

/// First attempts at 1,000 a second.
struct WebhookLatencyFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.withReceiver { receiver, superuser in
            try await bench.withWorker(stages: "dispatch", receiver.flags) { worker in
                let portals = bench.installation.portals.map(\.id)
                _ = try await WebhookLatencies.measure(
                    rate: 1_000, for: .seconds(1), portals, at: receiver.url + "/cb", receiver, &superuser)
                let latencies = try await WebhookLatencies.measure(
                    rate: 1_000, for: bench.scale.load * 2, portals, at: receiver.url + "/cb", receiver,
                    &superuser)
                try worker.check()
                return [
                    ReportRow(
                        figure: "webhook p99",
                        title: "end of a request to receipt of its webhook at 1,000 a second, p99",
                        unit: .milliseconds, ours: Spread([latencies.percentile(99)]), reference: nil,
                        target: .none,
                        notes: [latencies.summary, "aim: 25 ms"])
                ]
            }
        }
    }
}

/// A portal's p99 beside another whose receiver takes ten seconds for each of 50,000 webhooks, against itself alone.
struct WebhookFairnessFigure: Figure {
    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.withReceiver { receiver, superuser in
            try await bench.withWorker(stages: "dispatch", receiver.flags) { worker in
                let (portal, neighbour) = (
                    [bench.installation.portals[0].id], [bench.installation.portals[1].id]
                )
                var rounds: [Latencies] = []
                for round in 0..<3 {
                    // The first warms up.
                    if round == 2 {
                        try await WebhookLoad.end(50_000, neighbour, at: receiver.url + "/slow", &superuser)
                        try await superuser.execute("VACUUM ANALYZE countersign.dispatch_queue")
                    }
                    rounds.append(
                        try await WebhookLatencies.measure(
                            rate: 200, for: round == 0 ? .seconds(2) : bench.scale.load * 3, portal,
                            at: receiver.url + "/cb", receiver, &superuser))
                }
                try worker.check()
                return [
                    ReportRow(
                        figure: "webhook fairness",
                        title:
                            "a portal's p99 beside one whose receiver takes 10 s for each of 50,000; alone",
                        unit: .milliseconds, ours: Spread([rounds[2].percentile(99)]),
                        reference: Spread([rounds[1].percentile(99)]), target: .atMost(1.2),
                        notes: ["ours: \(rounds[2].summary)", "reference: \(rounds[1].summary)"])
                ]
            }
        }
    }
}
