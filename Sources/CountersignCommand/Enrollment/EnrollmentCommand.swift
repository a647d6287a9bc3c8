import Administration
import ArgumentParser
import Postgres

struct EnrollmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrollment",
        abstract: "The devices that may answer.",
        discussion: """
            Examples:
              countersign enrollment list --user alice
              countersign enrollment revoke 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """,
        subcommands: [EnrollmentList.self, EnrollmentShow.self, EnrollmentRevoke.self])
}

extension Enrollment {
    /// To be thrown when there is nothing of that id.
    static func unknown(_ id: Identifier) -> Failure {
        Failure(
            .data, "there is no enrollment \(id): `countersign enrollment list` shows those that there are")
    }
}
