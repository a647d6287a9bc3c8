import Administration
import Countersign
import Glibc
import OpenPGP
import Places
import Postgres

/// Why a command ends without success: an exit code of sysexits.h, and one sentence for a person.
struct Failure: Error {
    enum Status: Int32, CaseIterable {
        /// Two things that were compared are not the same.
        case difference = 2
        case usage = 64
        /// Input that the product refuses.
        case data = 65
        /// The database cannot be reached.
        case unavailable = 69
        case `internal` = 70
        case output = 74
        /// The same may succeed when tried again.
        case temporary = 75
        case permission = 77
        case configuration = 78

        /// For the manual.
        var meaning: String {
            switch self {
            case .difference: "config plan: the database differs from the file."
            case .usage: "Wrong usage: a word, an option or a value that the command does not take."
            case .data: "Input that is refused, such as a name that is unknown or taken."
            case .unavailable: "The database cannot be had, or is read-only."
            case .internal: "A mistake of the program's own: please report it."
            case .output: "The output cannot be written."
            case .temporary: "Try again: somebody else was in the way, or has the port."
            case .permission: "The login may not do that; the message names the group that may."
            case .configuration:
                "Wrong configuration: master key, schema, a variable, a file; doctor found errors."
            }
        }
    }

    let status: Status
    let sentence: String

    init(_ status: Status, _ sentence: String) {
        (self.status, self.sentence) = (status, sentence)
    }

    /// Whether the sentence of that error names a group of logins.
    static func namesGroup(_ error: any Error) -> Bool {
        if case AdministrationError.notAllowed = error { return true }
        return PostgresError(in: error)?.state == .insufficientPrivilege
    }

    /// - Parameter role: the group that the command's login should belong to; nil is the database's owner.
    init(_ error: any Error, role: GroupRole? = nil, in installation: Installation = .first) {
        switch error {
        case let failure as Failure:
            self = failure
        case AdministrationError.notAllowed(let group):
            self.init(
                .permission, "this needs a login that is a member of \(group.name(in: installation))")
        case let error as AdministrationError:
            self.init(.data, "\(error)")
        case is InvalidStages, is UnreadableInput:
            self.init(.usage, "\(error)")
        case is MasterKeyError, is SealingError, is SchemaRangeError, is OpenPGPError, is PlaceFileError:
            self.init(.configuration, "\(error)")
        case is JournalError:
            self.init(.output, "what was asked for is done, but \(error)")
        case let error as MigrationError:
            self.init(error)
        case TransactionError.commit(let error) where error.isConnectionLoss:
            self.init(
                .unavailable,
                "the connection was lost during COMMIT, whether it was done is unknown: \(error)")
        default:
            if let error = PostgresError(in: error) {
                self.init(error, role: role?.name(in: installation))
            } else {
                self.init(.internal, "\(error)")
            }
        }
    }

    /// Prints the sentence on standard error, on one line, and ends the process.
    func leave() -> Never {
        writeError("countersign: \(plain(sentence))")
        endProcess(status.rawValue)
    }
}

/// What the server says to a login that it does not let in.
private let refusals = [
    "password authentication failed", "no password supplied", "no pg_hba.conf entry",
    "is not permitted to log in",
    "authentication failed for user",
]

/// What libpq says before it connects to anything: of the URL, the PG* variables, and the files that they name.
private let misdescriptions = [
    "neither a URL nor a list of keywords", "invalid integer value", "invalid port number",
    "invalid sslmode value", "invalid channel_binding value", "invalid gssencmode value",
    "invalid target_session_attrs value", "invalid connection option", "definition of service",
    "service file", "root certificate file", "could not read certificate file",
    "could not load private key file", "could not match",
]

extension Failure {
    private init(_ error: PostgresError, role: String?) {
        if let refused = AdministrationError(error) {
            self.init(.data, "\(refused)")
            return
        }
        let needed = role.map { "is a member of \($0)" } ?? "owns the database and has CREATEROLE"
        switch error.state {
        // While connecting libpq gives no SQLSTATE. In another language this stays "cannot reach".
        case .cannotConnect where error.message.contains("permission denied for database"):
            self.init(.permission, "\(error.message): this needs a login that \(needed)")
        case .cannotConnect where misdescriptions.contains { error.message.contains($0) }:
            self.init(.configuration, "where the database is cannot be read: \(error.message)")
        case .cannotConnect where refusals.contains { error.message.contains($0) }:
            self.init(.permission, "the database refuses this login: \(error.message)")
        case .cannotConnect:
            self.init(.unavailable, "cannot reach the database: \(error.message)")
        case _ where error.isConnectionLoss:
            self.init(.unavailable, "the connection to the database was lost: \(error.message)")
        case "25006",
            "55000" where error.message.contains("recovery"):
            self.init(.unavailable, "the database is read-only: \(error.message)")
        case .insufficientPrivilege:
            self.init(.permission, "\(error.message): this needs a login that \(needed)")
        case "40", "53", "55P03", "57014":
            self.init(.temporary, "try again: \(error.message)")
        // Two installations that are migrated at the same moment.
        case "55006":
            self.init(.configuration, error.message)
        case "CS", "22", "23", "42939":
            self.init(.data, error.message)
        default:
            self.init(.internal, "\(error)")
        }
    }

    private init(_ error: MigrationError) {
        switch error {
        case .database(let cause), .failed(_, _, let cause):
            let failure = Failure(cause, role: nil)
            self.init(failure.status, failure.status == .internal ? "\(error)" : failure.sentence(in: error))
        case .busy, .lostTurn:
            self.init(.temporary, "\(error)")
        case .unreadable, .cancelled:
            self.init(.internal, "\(error)")
        default:
            self.init(.configuration, "\(error)")
        }
    }

    /// Names the file in which the server refused something.
    private func sentence(in error: MigrationError) -> String {
        guard case .failed(let file, _, _) = error else { return sentence }
        return "\(file): \(sentence)"
    }
}

/// Ends the process without the handlers that `exit` runs: a connection that was just closed still says goodbye on
/// its own thread, and OpenSSL's handler would free what that uses. 1 in 130 commands crashed so, after their work.
func endProcess(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
}
