/// Five wrong passwords of a name in a minute, or thirty of all names, and nobody is let try until it has passed.
actor LoginThrottle {
    private var failures: [(name: String, at: ContinuousClock.Instant)] = []

    func allows(_ name: String) -> Bool {
        failures.removeAll { $0.at.duration(to: .now) > .seconds(60) }
        return failures.count < 30 && failures.count { $0.name == name } < 5
    }

    func failed(_ name: String) { failures.append((name, .now)) }
}
