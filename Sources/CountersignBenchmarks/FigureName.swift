import ArgumentParser

/// The figures by the names that `--only` takes, in the order in which they are measured.
enum FigureName: String, CaseIterable, Sendable {
    case inserts
    case latency
    case signIns = "sign-ins"
    case protections
    case retention
    case statements
    case http
    case expiry
    case fairness
    case issue
    case enrollments
    case validate
    case snapshot
    case depth
    case operations
    case driver
    case disk
    case webhooks
    case webhookLatency = "webhook-latency"
    case webhookFairness = "webhook-fairness"
    case peers

    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Reads `issue,depth`; all when nothing is given, other queues only where they are installed.
    static func parse(_ text: String?, withPeers: Bool) throws -> [FigureName] {
        guard let text else { return allCases.filter { $0 != .peers || withPeers } }
        let wanted = try text.split(separator: ",").map { word in
            guard let name = FigureName(rawValue: String(word)) else {
                throw ValidationError("--only: '\(word)' is no figure; there are \(list)")
            }
            return name
        }
        guard withPeers || !wanted.contains(.peers) else {
            throw ValidationError("--only: peers are measured with --peers only, which installs them")
        }
        return allCases.filter(wanted.contains)
    }

    var figure: any Figure {
        switch self {
        case .inserts: InsertFigure()
        case .latency: LatencyFigure()
        case .signIns: SignInFigure()
        case .protections: ProtectionFigure()
        case .retention: RetentionFigure()
        case .statements: StatementsFigure()
        case .http: HTTPFigure()
        case .expiry: ExpiryFigure()
        case .fairness: FairnessFigure()
        case .issue: IssueFigure()
        case .enrollments: EnrollFigure()
        case .validate: ValidateFigure()
        case .snapshot: SnapshotFigure()
        case .depth: DepthFigure()
        case .operations: OperationsFigure()
        case .driver: DriverFigure()
        case .disk: DiskFigure()
        case .webhooks: WebhookFigure()
        case .webhookLatency: WebhookLatencyFigure()
        case .webhookFairness: WebhookFairnessFigure()
        case .peers: PeersFigure()
        }
    }
}

/// One measurement with its reference; it may fill several rows of the table.
protocol Figure: Sendable {
    func measure(_ bench: Bench) async throws -> [ReportRow]
}
