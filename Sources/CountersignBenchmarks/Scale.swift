/// How much is measured.
struct Scale: Sendable {
    let name: String
    /// Rows in the backlogs of the issue figures.
    let backlog: Int
    let deepBacklog: Int
    /// Deep backlogs, and which part of a shallow one's rate they must reach.
    let depths: [(rows: Int, ratio: Double)]
    /// Requests that are due at once.
    let dueRequests: Int
    /// Jobs for us and for other queues, and how often.
    let peerJobs: Int
    let peerRounds: Int
    /// How often each figure and its reference are measured in turns.
    let rounds: Int
    let deepRounds: Int
    let webhookRounds: Int
    /// How long a load of clients lasts.
    let load: Duration
    /// Samples of an idle system's latency.
    let latencySamples: Int
    /// How often a neighbour's backlog is worked off beside a portal.
    let fairnessRounds: Int
    /// How often operators and their machines ask what waits, in each state of the tables.
    let questions: Int
    /// Enrollments, and signed answers, that wait for a worker.
    let devices: Int
    let answers: Int

    static let quick = Scale(
        name: "quick", backlog: 20_000, deepBacklog: 200_000, depths: [(200_000, 0.95)], dueRequests: 50_000,
        peerJobs: 20_000, peerRounds: 2, rounds: 2, deepRounds: 3, webhookRounds: 3, load: .seconds(2),
        latencySamples: 200, fairnessRounds: 3, questions: 50, devices: 2_500, answers: 12_000)
    static let full = Scale(
        name: "full", backlog: 200_000, deepBacklog: 2_000_000,
        depths: [(200_000, 0.95), (2_000_000, 0.9)], dueRequests: 500_000, peerJobs: 100_000, peerRounds: 3,
        rounds: 5, deepRounds: 3, webhookRounds: 2, load: .seconds(5), latencySamples: 1_500,
        fairnessRounds: 12, questions: 100, devices: 8_000, answers: 40_000)

    /// What depth is compared with.
    static let shallowBacklog = 20_000
    /// What one portal has waiting while another signs a visitor in.
    static let neighbourBacklog = 100_000
    /// Clients and their connections.
    static let clients = 32
    static let portals = 20
    /// Rows in a batch, as the product's default.
    static let batchSize = 500
}
