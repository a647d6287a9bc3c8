import ArgumentParser
import Foundation

/// `--json`, for commands that list something.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    var wantsJSON: Bool {
        get throws { try json || Environment.current.isOn("json") }
    }

    /// As a table, or as an array of objects.
    func show(_ records: [Record], otherwise nothing: String) throws {
        if try wantsJSON {
            write(Field.records(records).json())
        } else {
            write(records.isEmpty ? nothing : TextTable(records).text)
        }
    }

    /// As lines of names and values, or as an object.
    func show(_ record: Record) throws {
        write(try text(record))
    }

    func text(_ record: Record) throws -> String {
        try wantsJSON ? Field.record(record).json() : TextTable.details(record)
    }
}

/// Writes a line at once, also when standard output is no terminal: whoever watches a migration sees it move.
/// Ends the process with 74 when nothing takes it: what is shown once must not be lost unnoticed.
func write(_ line: String, terminator: String = "\n") {
    do {
        try FileHandle.standardOutput.write(contentsOf: Data((line + terminator).utf8))
    } catch {
        Failure(.output, "cannot write to standard output").leave()
    }
}

/// The same on standard error, where nobody can be told of a failure.
func writeError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}
