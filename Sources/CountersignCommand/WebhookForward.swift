import Administration
import ArgumentParser
import Countersign
import Engine
import FoundationEssentials
import Postgres
import Webhooks

struct WebhookForward: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "Send a portal's webhooks to a program on this machine, for its developer.",
        discussion: """
            Each end of one of the portal's requests from now on is sent once, in order, with the body, the headers \
            and the signature that a worker would send, and is printed as a line: its time, how the request ended, its \
            transaction_id, the status that was answered, and how long that took. It goes on until Ctrl-C. An answer \
            ends it, whatever it is; without one the same is sent again each second.

            The database is read with the portal's own login, so nothing must reach this machine from outside. \
            Nothing is taken from anybody: what has a callback_uri is delivered there as ever.

            The portal's signing secret, whsec_..., stands in COUNTERSIGN_SIGNING_SECRET or in a file: others \
            see the arguments of a process.

            Examples:
              export DATABASE_URL=postgres://acme@localhost/countersign
              countersign webhook forward --portal acme http://127.0.0.1:3000/callback
              countersign webhook forward --portal acme http://localhost:3000/ \\
                --secret-file secret
            """)
    static let role: GroupRole? = .portal
    // A portal's login may not read which one there is.
    static let needsSchema = false

    @Argument(help: "Where the webhooks go: http or https, on this machine.")
    var address: String

    @Option(help: "The portal's name.")
    var portal: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first line is the portal's signing secret. (default: COUNTERSIGN_SIGNING_SECRET)",
            valueName: "path"))
    var secretFile: String?

    @OptionGroup var database: DatabaseOptions

    private var forwarder: WebhookForwarder?

    mutating func prepare() throws {
        guard let portal = portal ?? Environment.current.text("portal") else {
            throw Failure(.usage, "--portal is missing: the portal whose webhooks are forwarded")
        }
        let clock = DatabaseClock()
        do {
            let receiver = try LocalReceiver(
                address, secret: try Portal.readSecret(secret()), clock: clock)
            forwarder = WebhookForwarder(portal: portal, address: address, receiver: receiver, clock: clock)
        } catch let refusal as AddressRefusal {
            throw Failure(.data, "\(refusal)")
        }
    }

    /// A flag wins over a variable.
    private func secret() throws -> String {
        let environment = Environment.current
        let source = SecretSource(environment: environment.variables)
        if let secretFile { return try source.need("file:" + secretFile) }
        if let secret = environment.text("signing-secret") { return secret }
        if let file = environment.text("secret-file") { return try source.need("file:" + file) }
        throw Failure(
            .usage,
            "the portal's signing secret is missing: give COUNTERSIGN_SIGNING_SECRET or --secret-file")
    }

    func run(_ connection: inout Connection) async throws {
        do {
            try await forwarder?.run(&connection)
        } catch let error as RequestEnds.NotThisPortal {
            let own = error.own.map { "; it speaks for \($0)" } ?? ""
            throw Failure(
                .permission, "this login does not speak for a portal \(portal ?? "of that name")" + own)
        }
    }

    private enum CodingKeys: CodingKey { case address, portal, secretFile, database }
}

/// Sends the ends of a portal's requests to a receiver, one after the other, until it is interrupted.
struct WebhookForwarder: Sendable {
    let portal: String
    let address: String
    let receiver: LocalReceiver
    let clock: DatabaseClock

    /// Without a notification: the time is asked, and whether the connection still stands.
    private static let backstop = Duration.seconds(2)
    private static let pause = Duration.seconds(1)

    func run(_ connection: inout Connection) async throws {
        var ends = try await RequestEnds(of: portal, clock, &connection)
        writeError("countersign: forwarding the webhooks of portal \(portal) to \(address), until Ctrl-C")
        var reconnection = Reconnection()
        var told: [Identifier] = []
        while true {
            do {
                let began = ContinuousClock.now
                let new = try await ends.next(told: told, &connection)
                reconnection.reset()
                // Ten times as long as a look takes, for the server's sake.
                let rest = (ContinuousClock.now - began) * 10
                for end in new { try await send(end) }
                try await Task.sleep(for: rest)
                told = RequestEnds.ids(in: try await connection.notifications(until: .now + Self.backstop))
            } catch let error as PostgresError where error.isConnectionLoss {
                try await reconnection.run(&connection, after: error)
            }
        }
    }

    /// Until there is an answer.
    private func send(_ end: RequestEnd) async throws {
        var reason: String?
        while true {
            let began = ContinuousClock.now
            let result = try await receiver.post(end)
            if result.statusCode != nil {
                return write(line(end, result, took: ContinuousClock.now - began))
            }
            let failure = result.detail ?? result.failure?.rawValue ?? ""
            if failure != reason {
                writeError(
                    "countersign: \(address) does not answer, and gets \(end.transactionID) again: \(plain(failure))"
                )
            }
            reason = failure
            try await Task.sleep(for: Self.pause)
        }
    }

    private func line(_ end: RequestEnd, _ result: DeliveryResult, took: Duration) -> String {
        let code = result.statusCode.map { "\($0)" } ?? "-"
        let milliseconds = Int(took / .milliseconds(1))
        let words = ["\(end.occurredAt)", end.status, "\(end.transactionID)", code, "\(milliseconds) ms"]
        return (words + [remark(result, took)].compactMap(\.self)).joined(separator: " ")
    }

    /// What a worker would make of it.
    private func remark(_ result: DeliveryResult, _ took: Duration) -> String? {
        if took >= LocalReceiver.usualPatience { return "(too late: a worker would send it again)" }
        guard result.failure != nil else { return nil }
        return result.isFinal ? "(a worker would give it up)" : "(a worker would send it again)"
    }
}
