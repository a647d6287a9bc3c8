import Countersign
package import Postgres

/// What needs an operator, as far as it can be seen at once: without what the doctor has found, for which one waits.
package struct Overview: Sendable {
    package let status: SystemStatus
    /// In no order.
    package let concerns: [Concern]
}

extension Overview {
    /// In one round trip.
    package static func read(_ connection: inout Connection) async throws -> Overview {
        let (
            queues, workers, clock, cell, controls, paused, portals, limits, settings, dead, breakers,
            figures, failing, restore
        ) = try await connection.pipeline(
            ReadQueues(), FindLiveWorkers(), ReadClock(), ReadCell(), ReadStageControls(),
            FindPausedPortals(), ListPortals(), FindReachedLimits(), ReadSettings(),
            FindDeadReceivers(portalID: nil), FindOpenBreakers(), ReadFigures(), FindFailingStages(),
            FindLatestRestore()
        ).results
        let status = try SystemStatus(queues, workers, clock, cell, controls, paused)
        let concerns =
            try Concern.all(in: status, portals.all(), settings.one())
            + Concern.limits(limits.all(), portals.all(), status.time)
            + Concern.webhooks(dead.all(), breakers.all())
            + Concern.database(figures.all(), failing.all(), restore.first())
        return Overview(status: status, concerns: concerns)
    }
}
