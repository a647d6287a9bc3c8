extension [Lanes.Share] {
    /// In the order in which a claim has served them: the lanes after the one served last, then from the first
    /// on. The next round starts after the last of these; grouping by lane returns them in no order.
    func inServingOrder(after last: Int32) -> [Lanes.Share] {
        sorted { ($0.lane <= last ? 1 : 0, $0.lane) < ($1.lane <= last ? 1 : 0, $1.lane) }
    }
}
