package import Countersign
import Postgres

/// What can be seen of queues, workers, portals and switches at once.
extension Concern {
    /// After so long a row that a worker may take is late: as the alerts have it.
    package static let patience: [StageName: Duration] = [
        .enroll: .seconds(30), .issue: .seconds(30), .validate: .seconds(30), .expire: .seconds(30),
        .dispatch: .seconds(60),
    ]

    package static func all(
        in status: SystemStatus, _ portals: [Portal], _ settings: Settings
    ) -> [Concern] {
        stages(status) + workers(status) + late(status) + self.portals(portals) + switches(settings)
    }

    /// Without these nobody signs in.
    private static func weight(_ stage: StageName?) -> Weight {
        stage == .issue || stage == .validate ? .down : .attention
    }

    private static func stages(_ status: SystemStatus) -> [Concern] {
        status.controls.filter(\.isPaused).map { control in
            Concern(
                "Paused stage", control.stage, weight(StageName(rawValue: control.stage)),
                size: waiting(control.stage, status), since: control.pause?.since,
                by: control.pause?.by, place: stagePlace(control.stage),
                advice: "\(withoutIt(control.stage)) Its rows wait until it is resumed.",
                remedy: .action(ResumeStage.self, .stage(control)))
        }
    }

    /// Its row on the page Queues.
    static func stagePlace(_ stage: String) -> String { "queues#row-\(stage)" }

    /// What portals, visitors and users see of it.
    private static func withoutIt(_ stage: String) -> String {
        switch StageName(rawValue: stage) {
        case .enroll: "New devices are not enrolled."
        case .issue: "Portals get no codes: nobody can sign in."
        case .validate: "What phones send is not judged: nobody can sign in."
        case .expire: "Requests whose time is over do not end."
        case .dispatch: "Portals are not told by webhook how sign-ins end."
        case .housekeep: "No partitions are made, nothing old is dropped, and nobody counts."
        case nil: ""
        }
    }

    private static func waiting(_ stage: String, _ status: SystemStatus) -> String {
        guard let queue = status.queues.first(where: { $0.stage == stage }), queue.waiting > 0 else {
            return ""
        }
        return "\(queue.isEstimate ? "about " : "")\(queue.waiting) waiting"
    }

    private static func late(_ status: SystemStatus) -> [Concern] {
        // Without a worker it is told as that.
        let worked = workedStages(status)
        return status.queues.compactMap { queue in
            guard let stage = StageName(rawValue: queue.stage), let oldest = queue.oldest,
                let patience = patience[stage], oldest.duration(to: status.time) > patience,
                !status.pausedStages.contains(queue.stage), worked.contains(queue.stage)
            else { return nil }
            return Concern(
                "Late stage", queue.stage, weight(stage),
                size: waiting(queue.stage, status), since: oldest, place: stagePlace(queue.stage),
                advice: "\(withoutIt(queue.stage)) Its workers do not keep up with what comes.",
                remedy: .page("queues"))
        }
    }

    private static func workedStages(_ status: SystemStatus) -> Set<String> {
        Set(status.workers.filter { !$0.isDraining }.flatMap(\.stages))
    }

    private static func workers(_ status: SystemStatus) -> [Concern] {
        let worked = workedStages(status)
        let start = "Start `countersign work`, or `systemctl start countersign-worker@1`."
        guard !worked.isEmpty else {
            return [
                Concern(
                    "No worker", "all stages", .down, size: waiting(StageName.issue.rawValue, status),
                    advice: "\(withoutIt(StageName.issue.rawValue)) \(start)", remedy: .page("workers"))
            ]
        }
        let idle = StageName.allCases.filter { !worked.contains($0.rawValue) }.map { stage in
            Concern(
                "Stage without a worker", stage.rawValue, weight(stage),
                size: waiting(stage.rawValue, status), place: stagePlace(stage.rawValue),
                advice: "\(withoutIt(stage.rawValue)) \(start)",
                remedy: .page("workers"))
        }
        let programs = Set(status.workers.filter { !$0.isDraining }.map(\.program)).sorted()
        guard programs.count > 1 else { return idle }
        return idle + [
            Concern(
                "Workers of different programs", programs.map { "\($0)" }.joined(separator: ", "),
                advice: "Fine during an upgrade: finish it.", remedy: .page("queues"))
        ]
    }

    /// Its row on the page Portals.
    private static func portalPlace(_ portal: String) -> String { "portals#row-\(portal)" }

    private static func portals(_ portals: [Portal]) -> [Concern] {
        portals.flatMap { portal -> [Concern] in
            var found: [Concern] = []
            let place = portalPlace(portal.name)
            if let pause = portal.pause {
                found.append(
                    Concern(
                        "Paused portal", portal.name, since: pause.since, by: pause.by, place: place,
                        advice: "Its visitors cannot sign in: requests and webhooks wait.",
                        remedy: .action(ResumePortal.self, .portal(portal))))
            }
            if !portal.isEnabled {
                found.append(
                    Concern(
                        "Disabled portal", portal.name, place: place,
                        advice: "Its visitors cannot sign in: requests are refused (CS008).",
                        remedy: .action(EnablePortal.self, .portal(portal))))
            }
            if portal.isOverLimit {
                found.append(
                    Concern(
                        "Portal over its limit", portal.name, size: "\(portal.maxOpenRequests) open",
                        place: place,
                        advice:
                            "Its visitors cannot sign in: new requests are refused (CS008) until some have ended. "
                            + "Look whether they are real, or raise the limit on the page Portals.",
                        remedy: .page("requests?portal=\(portal.name)&state=open")))
            }
            return found
        }
    }

    /// Networks that came to their limit within ten minutes.
    static func limits(_ reached: [ReachedLimits], _ portals: [Portal], _ now: Timestamp) -> [Concern] {
        reached.compactMap { reached in
            guard let last = reached.lastOfNetworks, last.duration(to: now) < .seconds(600),
                let portal = portals.first(where: { $0.id == reached.portalID }),
                let most = portal.maxStartsPerSource
            else { return nil }
            return Concern(
                "Networks at their limit", portal.name,
                size: reached.networks == 1 ? "1 network" : "up to \(reached.networks) networks", since: last,
                place: portalPlace(portal.name),
                advice:
                    "Visitors from there cannot sign in for a minute: one network may start \(most) requests, and more are "
                    + "refused (CS008). Where many share an address, raise that on the page Portals.",
                remedy: .page("portals"))
        }
    }

    private static func switches(_ settings: Settings) -> [Concern] {
        // The two others are a choice.
        let needed: [Settings.Name] = [
            .mobileAuthentication, .enrollment, .signatureRequired, .callbackAllowlist,
        ]
        return needed.filter { settings.values[$0] == false }.map { name in
            Concern(
                "Switched off", name.rawValue, name == .mobileAuthentication ? .down : .attention,
                advice: name.withoutIt, remedy: .page("settings"))
        }
    }
}
