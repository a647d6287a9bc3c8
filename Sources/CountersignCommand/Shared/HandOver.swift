import Administration
import Foundation
import Glibc
import Postgres

extension Connection {
    /// Does what makes something that is shown once, and prints it before the change counts: what cannot be written has
    /// not happened. What was printed and could not be committed does not count, and the error says so.
    ///
    /// One thing remains: a reader that takes what is printed and loses it, such as `| head -1`. Then it is made anew.
    mutating func handOver<Made>(
        _ text: (Made) throws -> String, _ make: (inout Connection) async throws -> sending Made
    ) async throws {
        do {
            // A terminal that is stopped, or a full pipe, must not hold rows and their locks.
            try await transaction(idleAtMost: .seconds(10)) { connection in
                let made = try await make(&connection)
                try store(try text(made))
            }
        } catch TransactionError.commit(let error) {
            let isLost = error.isConnectionLoss
            throw Failure(
                isLost ? .unavailable : .temporary,
                "\(error.message): \(isLost ? "whether it was done is unknown, and so is" : "nothing was changed, and so void is") "
                    + "what was printed")
        }
    }

    /// The same for an action, as a table or as an object.
    mutating func handOver(
        _ output: OutputOptions, _ make: (inout Connection) async throws -> sending ShownOnce
    ) async throws {
        try await handOver({ try output.text(of: $0) }, make)
    }
}

extension OutputOptions {
    func text(of made: ShownOnce) throws -> String {
        var record: Record = [:]
        for fact in made.facts { record.append(fact.name, .text(fact.value)) }
        guard try !wantsJSON else { return Field.record(record).json() }
        return "\(made.sentence)\n\(TextTable.details(record, indent: "  "))\n\(made.remark)"
    }
}

/// Writes a text and its end of line to standard output so that it is there: a full disk may say so only when it is
/// told to keep what it took. Pipes and terminals cannot be told.
private func store(_ text: String) throws {
    do {
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    } catch {
        throw Failure(.output, "cannot write to standard output, so nothing was changed")
    }
    guard fsync(STDOUT_FILENO) != 0, ![EINVAL, EROFS, ENOTSUP].contains(errno) else { return }
    throw Failure(.output, "cannot write to standard output, so nothing was changed")
}
