/// How much is measured.
struct Scale: Sendable {
    let name: String
    /// Rows in the backlogs of the issue figures.
    let backlog: Int
    let deepBacklog: Int
    /// How often each figure and its reference are measured in turns.
    let rounds: Int
    let deepRounds: Int
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
        name: "quick", backlog: 20_000, deepBacklog: 200_000, rounds: 2, deepRounds: 1, load: .seconds(2),
        latencySamples: 200, fairnessRounds: 3, questions: 50, devices: 2_500, answers: 12_000)
    static let full = Scale(
        name: "full", backlog: 200_000, deepBacklog: 2_000_000, rounds: 5, deepRounds: 2, load: .seconds(5),
        latencySamples: 1_500, fairnessRounds: 12, questions: 100, devices: 8_000, answers: 40_000)

    /// What one portal has waiting while another signs a visitor in.
    static let neighbourBacklog = 100_000
    /// Clients and their connections.
    static let clients = 32
    static let portals = 20
    /// Rows in a batch, as the product's default.
    static let batchSize = 500
}
