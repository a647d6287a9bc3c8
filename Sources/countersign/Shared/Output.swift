import ArgumentParser
import Glibc

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
        write(try wantsJSON ? Field.record(record).json() : TextTable.details(record))
    }
}

/// Writes a line at once, also when standard output is no terminal: whoever watches a migration sees it move.
/// Ends the process with 74 when standard output takes nothing: what is shown once must not be lost unnoticed.
func write(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
    let bytes = Array((line + "\n").utf8)
    var start = 0
    while start < bytes.count {
        // The standard library writes to standard output only, and Foundation would cost megabytes.
        let written = unsafe bytes[start...].withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        if written < 0, errno == EINTR { continue }
        if written <= 0, descriptor == STDERR_FILENO { return }
        if written <= 0 { Failure(.output, "cannot write to standard output").leave() }
        start += written
    }
}
