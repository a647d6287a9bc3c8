import Countersign

/// Who may have how many deliveries in flight. Decides; knows no clock but the one it is given, and no I/O.
///
/// - An endpoint has as many slots as its portal's `webhook_concurrency`, or one while its last attempt failed:
///   a dead receiver holds one slot, not eight.
/// - One that answers quickly may have more claimed, which wait here for their turn: as many as it answers in a
///   tenth of a second, eight for each slot at most.
/// - Endpoints that fail hold at most half of all slots together.
/// - A portal takes at most half of what the others leave, so that there always is a free slot for one more
///   portal, however many endpoints of somebody's hang.
struct DeliverySlots {
    /// The exceptions for the claim's SQL, and everybody else's share.
    struct Offer: Sendable {
        /// Rows at most.
        var rows: Int
        /// Of one portal without an exception.
        var portalShare: Int
        /// A JSON object: `"<portal>"` or `"<portal> <origin>"` to the slots left.
        var exceptions: String
        /// Until a rate lets one more through; nil when no endpoint waits for that.
        var refill: Duration?
    }

    /// What is known of one endpoint.
    fileprivate struct EndpointUse {
        var inFlight = 0
        var isFailing = false
        /// How long it takes lately; nil until it has answered, and while it fails.
        var pace: Duration?
        var concurrency = 8
        var rate: Int?
        /// Deliveries that the rate lets through; at most a second's worth.
        var tokens = 0.0
        var refilled: ContinuousClock.Instant
        var lastUse: ContinuousClock.Instant
    }

    let total: Int
    private var used = 0
    private var failing = 0
    private var portals: [Int32: Int] = [:]
    private var endpoints: [WebhookEndpoint: EndpointUse] = [:]
    private var observations = EndpointObservations()

    init(total: Int) { self.total = total }

    mutating func take(_ delivery: Delivery, now: ContinuousClock.Instant = .now) {
        var use =
            endpoints[delivery.endpoint]
            ?? EndpointUse(tokens: Double(delivery.rate ?? 0), refilled: now, lastUse: now)
        use.refill(now)
        (use.concurrency, use.rate) = (delivery.concurrency, delivery.rate)
        use.tokens -= 1
        use.inFlight += 1
        use.lastUse = now
        if use.isFailing { failing += 1 }
        endpoints[delivery.endpoint] = use
        portals[delivery.portalID, default: 0] += 1
        used += 1
    }

    mutating func leave(_ acknowledgement: Acknowledgement) {
        let endpoint = acknowledgement.delivery.endpoint
        guard var use = endpoints[endpoint] else { return }
        if use.isFailing { failing -= use.inFlight }
        use.inFlight -= 1
        if let isHealthy = acknowledgement.result.health { use.isFailing = !isHealthy }
        if use.isFailing { failing += use.inFlight }
        use.note(took: .milliseconds(acknowledgement.milliseconds))
        endpoints[endpoint] = use
        vacate(endpoint.portalID)
        observations.note(acknowledgement)
    }

    /// A delivery that was taken and not sent.
    mutating func putBack(_ delivery: Delivery) {
        guard var use = endpoints[delivery.endpoint] else { return }
        use.inFlight -= 1
        use.tokens += 1
        if use.isFailing { failing -= 1 }
        endpoints[delivery.endpoint] = use
        vacate(delivery.portalID)
    }

    private mutating func vacate(_ portalID: Int32) {
        let left = (portals[portalID] ?? 1) - 1
        portals[portalID] = left > 0 ? left : nil
        used -= 1
    }

    var isUrgent: Bool { observations.isUrgent }

    mutating func takeObservations(now: ContinuousClock.Instant = .now) -> EndpointObservations? {
        // A failing endpoint is remembered until its next attempt is surely over; another one gets all its
        // slots again.
        endpoints = endpoints.filter { _, use in
            use.inFlight > 0 || use.lastUse + .seconds(use.isFailing ? 1_200 : 2) > now
        }
        defer { observations = EndpointObservations() }
        return observations.isEmpty ? nil : observations
    }

    mutating func offer(batch: Int, now: ContinuousClock.Instant = .now) -> Offer {
        let free = max(0, total - used)
        var entries = portals.map { portal, own in "\"\(portal)\":\(max(0, (free + own) / 2 - own))" }
        var refill: Duration?
        for endpoint in Array(endpoints.keys) {
            guard var use = endpoints[endpoint] else { continue }
            use.refill(now)
            endpoints[endpoint] = use
            guard let left = use.slotsLeft(mayFail: failing < total / 2) else { continue }
            if left == 0, let wait = use.untilRefill { refill = min(refill ?? wait, wait) }
            entries.append("\(jsonString("\(endpoint.portalID) \(endpoint.origin)")):\(left)")
        }
        return Offer(
            rows: min(free, batch), portalShare: free == 1 ? 1 : free / 2,
            exceptions: "{" + entries.joined(separator: ",") + "}", refill: refill)
    }
}

extension DeliverySlots.EndpointUse {
    fileprivate mutating func refill(_ now: ContinuousClock.Instant) {
        guard let rate else { return }
        tokens = min(Double(rate), tokens + Double(rate) * (refilled.duration(to: now) / .seconds(1)))
        refilled = now
    }

    /// Nil when there is no exception: all its slots are free.
    fileprivate func slotsLeft(mayFail: Bool) -> Int? {
        guard inFlight > 0 || isFailing || rate != nil else { return nil }
        let limit = isFailing ? (mayFail ? 1 : 0) : concurrency + ahead
        return max(0, min(limit - inFlight, rate == nil ? limit : Int(tokens)))
    }

    /// How many more it may have claimed than are sent.
    private var ahead: Int {
        guard let pace, rate == nil else { return 0 }
        return min(
            8 * concurrency,
            Int(Double(concurrency) * (Duration.milliseconds(100) / max(pace, Duration.milliseconds(1)))))
    }

    fileprivate mutating func note(took duration: Duration) {
        pace = isFailing ? nil : pace.map { ($0 * 7 + duration) / 8 } ?? duration
    }

    /// Nil when it is not its rate that it waits for.
    fileprivate var untilRefill: Duration? {
        guard let rate, inFlight < concurrency, tokens < 1 else { return nil }
        return .seconds((1 - tokens) / Double(rate))
    }
}
