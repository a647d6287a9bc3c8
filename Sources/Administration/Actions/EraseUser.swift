package import Postgres

/// `countersign user erase`.
package struct EraseUser: OperatorAction {
    package static let command = "user erase"
    package static let abstract = "Erase a user of an app: revoke the devices, and forget who it was."
    package static let discussion = """
        Revokes the user's devices, and takes the name and what else tells who it was (addresses, browsers, \
        references, names of devices) out of requests, enrollments and the audit trail. A keyed digest of the name \
        stands there instead, the same each time. With the setting evidence_kept_after_erasure on, what was signed \
        stays, and can be verified; off, it goes, too. The audit trail can be verified either way, and tells of the \
        erasure.

        It cannot be undone. Requests that the user has scanned and not answered end as failed. It goes on in \
        portions of 1,000, each of which counts by itself: when it was interrupted, it is typed again. So it is \
        when it says that somebody else's transaction holds something, which it passes over. A journal gets the \
        digest, which can be typed in the name's place after a restore.

        Examples:
          countersign user erase mobile alice
          countersign user erase mobile alice --yes
        """
    package static let inputs = [
        App.input, ActionInput("user", help: "The user, as the app calls them.", placeholder: "user-id"),
    ]
    package static let asks = true
    package static let isInPortions = true
    package static let event = "user.erased"
    package static let statements: [any StatementFamily.Type] = [
        FindApp.self, ReadErasable.self, CallErase.self,
    ]
    private static let portion: Int32 = 1_000

    private let app: String
    private let user: String

    package init(_ words: ActionWords) { (app, user) = (words["app"], words["user"]) }

    package var needsPassword: Bool { true }

    package static func button(on subject: ActionSubject) -> ActionButton? {
        if case .user(let app, let user) = subject {
            return ActionButton(
                "Erase", "user \(user)", ["app": app, "user": user], fields: [.password], warning: loss)
        }
        guard case .enrollments = subject else { return nil }
        return ActionButton(
            "Erase", "user",
            fields: [
                .init(name: "app", caption: "App", hint: "mobile"),
                .init(name: "user", caption: "User", hint: "alice", size: 24), .password,
            ],
            warning: loss)
    }

    private static let loss =
        "The devices are revoked, and nothing tells any more who it was. That cannot be undone."

    package func warning(_ connection: inout Connection) async throws -> String {
        let id = try await id(&connection)
        guard !isErasedName else { return "who is \(user) in app \(app) will be forgotten" }
        let erasable = try await erasable(id, &connection)
        guard !erasable.isNothing else { throw nothing }
        let count = erasable.devices
        return
            "user \(user) of app \(app) has \(count) \(count == 1 ? "device" : "devices"), present and past, "
            + "and will be forgotten"
    }

    package func run(_ connection: inout Connection) async throws -> String {
        let id = try await id(&connection)
        let wasHeld = try await erasable(id, &connection).isHeld
        var sum = ErasedPortion()
        while true {
            let portion = try await connection.run(
                CallErase(appID: id, user: user, atMost: Self.portion)
            ).one()
            sum.add(portion)
            guard portion.isFull(Self.portion) else { break }
        }
        guard wasHeld || sum.enrollments + sum.requests + sum.events > 0 else { throw nothing }
        let left = try await erasable(id, &connection)
        return """
            erased a user of app \(app), who is \(sum.pseudonym) from now on
            \(sum.revoked.count) revoked of \(sum.enrollments) enrollments; \(sum.requests) requests, \(sum.events) events
            """ + (left.isHeld ? "\n\(sentence(left))" : "")
    }

    private func sentence(_ left: ErasableUser) -> String {
        "left: \(left.requests) requests and \(left.browsers) known browsers, which somebody else's transaction holds: "
            + "type it again with the same name once that has ended"
    }

    private func erasable(_ id: Int32, _ connection: inout Connection) async throws -> ErasableUser {
        try await connection.run(ReadErasable(appID: id, user: user)).one()
    }

    /// Whether the user's name is what stands in the place of one. Whose it is only the erasure finds.
    private var isErasedName: Bool { user.wholeMatch(of: /erased-[0-9a-f]{32}/) != nil }

    private var nothing: AdministrationError { .refused("there is nothing of user \(user) in app \(app)") }

    /// Names nobody: a journal outlives what it tells of.
    package func journalLine(_ line: String, _ connection: inout Connection) async throws -> String {
        let name = try await connection.run(ReadPseudonym(appID: try await id(&connection), user: user)).one()
        return "\(Self.command) \(app) \(name)"
    }

    private func id(_ connection: inout Connection) async throws -> Int32 {
        let id = try await connection.run(FindApp(name: app)).first()
        return try await NamedThing.app.found(id, app, &connection)
    }
}
