/// The device keys that are loaded, by their exact armored text: two certificates with one fingerprint are two
/// entries that know nothing of one another.
///
/// Bounded by the second-chance rule: the hand passes over an entry that was used since it last came by.
struct CertificateCache {
    private struct Slot {
        let armored: String
        var certificate: Certificate
        var wasUsed = false
    }

    private let capacity: Int
    private var slots: [Slot] = []
    private var index: [String: Int] = [:]
    private var hand = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a cache holds at least one key")
        self.capacity = capacity
    }

    var count: Int { slots.count }

    /// Loaded already and nothing of it has ended since, or checked and loaded now.
    mutating func certificate(_ armored: String, at time: UInt64) throws(KeyRefusal) -> Certificate {
        if let position = index[armored] {
            if time >= slots[position].certificate.validUntil {
                slots[position].certificate = try Certificate(armored: armored, time: time)
            }
            slots[position].wasUsed = true
            return slots[position].certificate
        }
        let certificate = try Certificate(armored: armored, time: time)
        insert(Slot(armored: armored, certificate: certificate))
        return certificate
    }

    private mutating func insert(_ slot: Slot) {
        guard slots.count == capacity else {
            index[slot.armored] = slots.count
            return slots.append(slot)
        }
        while slots[hand].wasUsed {
            slots[hand].wasUsed = false
            hand = (hand + 1) % capacity
        }
        index[slots[hand].armored] = nil
        index[slot.armored] = hand
        slots[hand] = slot
        hand = (hand + 1) % capacity
    }
}
