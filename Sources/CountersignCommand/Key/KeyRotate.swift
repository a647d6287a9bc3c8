import Administration
import ArgumentParser
import Postgres

struct KeyRotate: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Retire the server's shared OpenPGP key pair.",
        discussion: """
            The next enrollment that shares a key gets a new one, made by the worker. Enrollments made under the \
            old pair keep working with it, until their devices enroll again. Needed only where \
            unique_pgp_keys_per_enrollment is off: else each enrollment has a pair of its own.

            Example:
              countersign key rotate
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        guard let retired = try await SharedKey.rotate(&connection) else {
            write("there is no shared key pair: the next enrollment that shares one makes it")
            return
        }
        let count = try await SharedKey.enrollmentsUnderRetired(&connection)
        write(
            "shared key pair \(retired.fingerprint) is retired; the next enrollment that shares one makes a new one"
        )
        write("\(count) active \(count == 1 ? "enrollment goes" : "enrollments go") on under retired pairs")
    }
}
