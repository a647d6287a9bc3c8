import Administration
import ArgumentParser
import Postgres

struct EnrollmentRevoke: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke an enrollment: its device can answer no more.",
        discussion: """
            At once, also for requests that it has scanned already. The server's secret key for it is forgotten. \
            It cannot be undone: the device enrolls again.

            Example:
              countersign enrollment revoke 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """)
    static let role: GroupRole? = .admin

    @Argument(help: "Its enrollment_id.")
    var enrollmentID: Identifier

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        guard let before = try await Enrollment.read(enrollmentID, &connection) else {
            throw Enrollment.unknown(enrollmentID)
        }
        let isRevoked: Bool
        do {
            isRevoked = try await Enrollment.revoke(enrollmentID, &connection)
        } catch let error as PostgresError where error.state == "CS003" {
            // There is one, so what is missing is the right: a gateway's login revokes those of its app only.
            throw Failure(.permission, "this needs a login that is a member of \(GroupRole.admin.rawValue)")
        }
        write("enrollment \(enrollmentID) is \(isRevoked ? "revoked" : "\(before.status) already")")
    }
}
