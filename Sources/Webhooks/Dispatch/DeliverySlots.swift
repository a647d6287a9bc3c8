import Countersign

/// Who may have how many deliveries in flight. Decides; knows no clock but the one it is given, and no I/O.
///
/// - An endpoint has as many slots as its portal's `webhook_concurrency`, or one while its last attempt failed:
///   a dead receiver holds one slot, not eight.
/// - One that answers quickly may have more claimed, which wait here for their turn: as many as it answers in a
///   tenth of a second, eight for each slot at most. All together have at most twice as many claimed as there are slots.
/// - Endpoints that fail hold at most half of all slots together.
/// - One whose secrets this worker cannot open has none for a while, so that others send what waits for it.
/// - A portal takes at most half of what the others leave, of the slots and of what may be claimed, so that there always
///   is a free slot for one more portal, however many endpoints of somebody's hang.
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
        var load = Load()
        var isFailing = false
        /// How long it takes lately; nil until it has answered, and while it fails.
        var pace: Duration?
        var concurrency = 8
        var rate: Int?
        /// Deliveries that the rate lets through; at most a second's worth.
        var tokens = 0.0
        var refilled: ContinuousClock.Instant
        var lastUse: ContinuousClock.Instant
        /// Until then it has no slots.
        var putOffUntil: ContinuousClock.Instant?

        func isPutOff(_ now: ContinuousClock.Instant) -> Bool { putOffUntil.map { $0 > now } ?? false }
    }

    /// Deliveries that are claimed, and how many of them are being sent, each in a slot; the others wait for their turn.
    fileprivate struct Load: Equatable {
        var claimed = 0
        var sent = 0
    }

    let total: Int
    /// For how long an endpoint is put off.
    private let putOffTime: Duration
    private var load = Load()
    private var failing = 0
    private var portals: [Int32: Load] = [:]
    private var endpoints: [WebhookEndpoint: EndpointUse] = [:]
    private var observations = EndpointObservations()

    init(total: Int, putOff: Duration = .seconds(10)) { (self.total, putOffTime) = (total, putOff) }

    /// With nothing in them.
    var emptied: DeliverySlots { DeliverySlots(total: total, putOff: putOffTime) }

    /// - Parameter isSent: that it holds a slot, or one that waited has got its own now.
    mutating func take(_ delivery: Delivery, isSent: Bool, now: ContinuousClock.Instant = .now) {
        var use =
            endpoints[delivery.endpoint]
            ?? EndpointUse(tokens: Double(delivery.rate ?? 0), refilled: now, lastUse: now)
        use.refill(now)
        (use.concurrency, use.rate) = (delivery.concurrency, delivery.rate)
        use.tokens -= 1
        use.lastUse = now
        if use.isFailing { failing += 1 }
        count(Load(claimed: 1, sent: isSent ? 1 : 0), delivery.portalID, &use)
        endpoints[delivery.endpoint] = use
    }

    /// - Parameter hasNext: that another which waited is sent in its slot.
    mutating func leave(_ acknowledgement: Acknowledgement, hasNext: Bool) {
        let endpoint = acknowledgement.delivery.endpoint
        guard var use = endpoints[endpoint] else { return }
        if use.isFailing { failing -= use.load.claimed }
        count(Load(claimed: -1, sent: hasNext ? 0 : -1), endpoint.portalID, &use)
        if let isHealthy = acknowledgement.result.health { use.isFailing = !isHealthy }
        if use.isFailing { failing += use.load.claimed }
        use.note(took: .milliseconds(acknowledgement.milliseconds))
        endpoints[endpoint] = use
        observations.note(acknowledgement)
    }

    /// A delivery that held a slot and cannot be sent by this worker.
    mutating func putOff(_ delivery: Delivery, now: ContinuousClock.Instant = .now) {
        guard var use = endpoints[delivery.endpoint] else { return }
        use.tokens += 1
        if use.isFailing { failing -= 1 }
        count(Load(claimed: -1, sent: -1), delivery.portalID, &use)
        use.putOffUntil = now + putOffTime
        endpoints[delivery.endpoint] = use
    }

    /// A delivery that was taken and not sent.
    mutating func putBack(_ delivery: Delivery) {
        guard var use = endpoints[delivery.endpoint] else { return }
        use.tokens += 1
        if use.isFailing { failing -= 1 }
        count(Load(claimed: -1), delivery.portalID, &use)
        endpoints[delivery.endpoint] = use
    }

    /// Adds to what an endpoint has, its portal, and all together.
    private mutating func count(_ more: Load, _ portalID: Int32, _ use: inout EndpointUse) {
        use.load.add(more)
        var portal = portals[portalID] ?? Load()
        portal.add(more)
        portals[portalID] = portal == Load() ? nil : portal
        load.add(more)
    }

    var isUrgent: Bool { observations.isUrgent }

    mutating func takeObservations(now: ContinuousClock.Instant = .now) -> EndpointObservations? {
        // A failing endpoint is remembered until its next attempt is surely over; another one gets all its
        // slots again.
        endpoints = endpoints.filter { _, use in
            use.load.claimed > 0 || use.isPutOff(now)
                || use.lastUse + .seconds(use.isFailing ? 1_200 : 2) > now
        }
        defer { observations = EndpointObservations() }
        return observations.isEmpty ? nil : observations
    }

    mutating func offer(batch: Int, now: ContinuousClock.Instant = .now) -> Offer {
        // What is claimed now may all be sent at once.
        let (slots, room) = (max(0, total - load.sent), max(0, 2 * total - load.claimed))
        let free = min(slots, room)
        var entries = portals.map { portal, own in
            let left = min((slots + own.sent) / 2 - own.sent, (room + own.claimed) / 2 - own.claimed)
            return "\"\(portal)\":\(max(0, left))"
        }
        var refill: Duration?
        for endpoint in Array(endpoints.keys) {
            guard var use = endpoints[endpoint] else { continue }
            use.refill(now)
            endpoints[endpoint] = use
            guard let left = use.slotsLeft(mayFail: failing < total / 2, now) else { continue }
            if left == 0, let wait = use.untilRefill { refill = min(refill ?? wait, wait) }
            entries.append("\(jsonString("\(endpoint.portalID) \(endpoint.origin)")):\(left)")
        }
        return Offer(
            rows: min(free, batch), portalShare: free == 1 ? 1 : free / 2,
            exceptions: "{" + entries.joined(separator: ",") + "}", refill: refill)
    }
}

extension DeliverySlots.Load {
    fileprivate mutating func add(_ more: Self) {
        claimed += more.claimed
        sent += more.sent
    }
}

extension DeliverySlots.EndpointUse {
    fileprivate mutating func refill(_ now: ContinuousClock.Instant) {
        guard let rate else { return }
        tokens = min(Double(rate), tokens + Double(rate) * (refilled.duration(to: now) / .seconds(1)))
        refilled = now
    }

    /// Nil when there is no exception: all its slots are free.
    fileprivate func slotsLeft(mayFail: Bool, _ now: ContinuousClock.Instant) -> Int? {
        guard !isPutOff(now) else { return 0 }
        guard load.claimed > 0 || isFailing || rate != nil else { return nil }
        let limit = isFailing ? (mayFail ? 1 : 0) : concurrency + ahead
        return max(0, min(limit - load.claimed, rate == nil ? limit : Int(tokens)))
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
        guard let rate, load.claimed < concurrency, tokens < 1 else { return nil }
        return .seconds((1 - tokens) / Double(rate))
    }
}
