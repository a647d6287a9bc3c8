import ArgumentParser
import Countersign
import Foundation

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Print countersign(1), the manual of all commands, for man.",
        discussion: """
            Examples:
              countersign manual | man -l -
              countersign manual > /usr/local/share/man/man1/countersign.1
            """)

    func run() throws {
        let info = try JSONDecoder().decode(
            CommandInfo.Document.self, from: Data(CountersignCommand._dumpHelp().utf8))
        // As reproducible builds ask for: https://reproducible-builds.org/specs/source-date-epoch/
        let epoch = Environment.current.variables["SOURCE_DATE_EPOCH"].flatMap(Double.init)
        let date = epoch.map { Date(timeIntervalSince1970: $0) } ?? .now
        let day = date.formatted(.iso8601.year().month().day())
        write(ManualPage(info.command, version: Program.version, date: day).text, terminator: "")
    }
}
