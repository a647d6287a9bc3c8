import Countersign
import HTTPService
import Hummingbird
import Postgres

/// One page's server-sent events: a state at once and one at each change, until the end.
struct BrowserStream: Sendable {
    let browsers: BrowserSignIns
    let call: BrowserCall
    let asker: String
    let template: LinkTemplate?
    let place: StreamPlaces.Place
    let first: BrowserLook

    /// So long a reader hears nothing at most, so that one who has gone is noticed.
    private static let silence = Duration.seconds(10)

    private struct Displaced: Encodable {
        let error = "displaced"
        let error_description = "this sign-in is shown in two newer pages"
    }

    @concurrent
    func run(_ writer: inout any ResponseBodyWriter) async throws {
        defer { place.end() }
        let news = browsers.signIns.notifications.wait(for: call.transactionID, on: first.channel)
        var (look, known, spoken) = (first, "", ContinuousClock.now)
        while true {
            guard !place.isDisplaced else { return try await writer.send(event: jsonText(Displaced())) }
            let step = look.step(call)
            if BrowserState.version(look, step) != known {
                let state = BrowserState(look, step, of: call, template)
                (known, spoken) = (state.version, .now)
                try await writer.send(event: jsonText(state))
            } else if spoken.duration(to: .now) >= Self.silence {
                spoken = .now
                try await writer.sendNothing()
            }
            guard !look.isFinal, !browsers.signIns.notifications.isClosed else { return }
            let isNews = await news.wait(look.pause(step))
            guard let next = try await refreshed(look, isNews) else { return }
            look = next
        }
    }

    /// Nil when there is nothing to be told any more. A database that is away is asked again for half a minute: meanwhile
    /// the page shows what it would.
    private func refreshed(_ look: BrowserLook, _ isNews: Bool) async throws -> BrowserLook? {
        guard look.isStale(isNews) else { return look }
        do {
            return try await browsers.look(call, asker: asker)
        } catch let problem as Problem where problem.status == .unauthorized {
            return nil
        } catch {
            guard look.age < .seconds(30) else { throw error }
            return look
        }
    }
}
