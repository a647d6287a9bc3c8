import ArgumentParser

/// The figures by the names that `--only` takes, in the order in which they are measured.
enum FigureName: String, CaseIterable, Sendable {
    case inserts
    case latency
    case signIns = "sign-ins"
    case http
    case fairness
    case issue
    case enrollments
    case validate
    case snapshot
    case depth
    case operations
    case driver
    case webhooks
    case webhookLatency = "webhook-latency"
    case webhookFairness = "webhook-fairness"

    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Reads `issue,depth`; all when nothing is given.
    static func parse(_ text: String?) throws -> [FigureName] {
        guard let text else { return allCases }
        let wanted = try text.split(separator: ",").map { word in
            guard let name = FigureName(rawValue: String(word)) else {
                throw ValidationError("--only: '\(word)' is no figure; there are \(list)")
            }
            return name
        }
        return allCases.filter(wanted.contains)
    }

    var figure: any Figure {
        switch self {
        case .inserts: InsertFigure()
        case .latency: LatencyFigure()
        case .signIns: SignInFigure()
        case .http: HTTPFigure()
        case .fairness: FairnessFigure()
        case .issue: IssueFigure()
        case .enrollments: EnrollFigure()
        case .validate: ValidateFigure()
        case .snapshot: SnapshotFigure()
        case .depth: DepthFigure()
        case .operations: OperationsFigure()
        case .driver: DriverFigure()
        case .webhooks: WebhookFigure()
        case .webhookLatency: WebhookLatencyFigure()
        case .webhookFairness: WebhookFairnessFigure()
        }
    }
}

/// One measurement with its reference; it may fill several rows of the table.
protocol Figure: Sendable {
    func measure(_ bench: Bench) async throws -> [ReportRow]
}
