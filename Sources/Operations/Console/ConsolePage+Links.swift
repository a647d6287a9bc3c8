import Administration

/// How pages lead to each other.
extension ConsolePage {
    private static let groups: [(title: String, pages: [ConsolePage])] = [
        ("Now", [.overview, .queues, .workers, .doctor]),
        ("Sign-ins", [.requests, .webhooks, .events]),
        ("Users", [.users, .enrollments]),
        ("Set up", [.portals, .apps, .settings, .accounts]),
    ]

    /// Of the pages that the account may look at.
    func links(_ frame: PageFrame) -> [[String: Any]] { Self.links(to: self, where: frame.shows) }

    static func links(to current: ConsolePage?, where isShown: (ConsolePage) -> Bool) -> [[String: Any]] {
        groups.compactMap { title, pages in
            let links = pages.filter(isShown).map { page in
                [
                    "address": "/console/\(page.rawValue)", "title": page.title, "icon": page.icon,
                    "current": page == current,
                ] as [String: Any]
            }
            return links.isEmpty ? nil : ["title": title, "links": links]
        }
    }

    /// A path of lines in a square of 24.
    private var icon: String {
        switch self {
        case .overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z"
        case .queues: "M4 6h16M4 12h16M4 18h10"
        case .workers: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4"
        case .doctor: "M3 12h4l3-7 4 14 3-7h4"
        case .requests: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2z"
        case .webhooks: "M4 12h12M11 6l6 6-6 6M20 5v14"
        case .events: "M12 7v5l3 3M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z"
        case .users: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 21a7 7 0 0 1 14 0"
        case .enrollments: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2"
        case .portals: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM3 12h18M12 3c4 5 4 13 0 18M12 3c-4 5-4 13 0 18"
        case .apps: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z"
        case .settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4"
        case .accounts, .account: "M9 15a5 5 0 1 1 0-10 5 5 0 0 1 0 10zM13 11h8v4M18 11v3"
        }
    }
}
