/// How much is measured.
struct Scale: Sendable {
    let name: String
    /// Rows that are issued while somebody holds a snapshot: the more of them are dead, the more it costs.
    let heldBacklog: Int
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
    /// How long a load of clients lasts, unless its figure says otherwise.
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
        name: "quick", heldBacklog: 20_000, deepBacklog: 200_000,
        depths: [(200_000, 0.95)], dueRequests: 50_000, peerJobs: 20_000, peerRounds: 3,
        rounds: 2, deepRounds: 3, webhookRounds: 3, load: .seconds(2), latencySamples: 200,
        fairnessRounds: 3, questions: 100, devices: 2_500, answers: 12_000)
    static let full = Scale(
        name: "full", heldBacklog: 200_000, deepBacklog: 2_000_000,
        depths: [(200_000, 0.95), (2_000_000, 0.9)], dueRequests: 500_000, peerJobs: 100_000, peerRounds: 3,
        rounds: 5, deepRounds: 3, webhookRounds: 2, load: .seconds(5), latencySamples: 1_500,
        fairnessRounds: 12, questions: 200, devices: 8_000, answers: 40_000)

    /// Rows that are issued where depth is no question; what depth is compared with.
    static let shallowBacklog = 20_000
    /// How often such a backlog is issued in turns with its reference. It is gone in a quarter of a second, and two rounds
    /// told of 0.80 to 0.96 for the same program.
    static let issueRounds = 6
    /// How often sign-ins among many partitions are measured in turns with those among few, which are to differ by no more
    /// than a twentieth: loads of one program differ by a tenth.
    static let retentionRounds = 8
    /// What one portal has waiting while another signs a visitor in.
    static let neighbourBacklog = 100_000
    /// Clients and their connections.
    static let clients = 32
    static let portals = 20
    /// Rows in a batch, as the product's default.
    static let batchSize = 500
}
