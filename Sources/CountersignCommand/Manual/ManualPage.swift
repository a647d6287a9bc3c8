/// countersign(1) for man(1), in the macros of man(7), which every man understands.
struct ManualPage {
    /// In every command, and so described once.
    private static let common: Set<String> = ["--help", "--version", "--database-url", "--json"]

    private var lines: [String] = []

    /// - Parameter date: of the page, as `2026-01-31`.
    init(_ root: CommandInfo, version: String, date: String) {
        lines = [".TH COUNTERSIGN 1 \(date) \"countersign \(version)\" \"Countersign\""]
        let abstract = (root.abstract ?? "").drop { $0 == "." }
        section("NAME")
        paragraph(
            "countersign - " + abstract.prefix(1).lowercased() + abstract.dropFirst().prefix { $0 != "." })
        section("SYNOPSIS")
        lines.append(".B countersign\n.I command\n[options]")
        section("DESCRIPTION")
        blocks(of: root).filter { !$0[0].hasPrefix("Exit codes") }.forEach { block($0) }
        section("OPTIONS")
        paragraph("Of most commands; the others stand with their command.")
        let leaves = root.leaves()
        for flag in Self.common.sorted() {
            let argument = leaves.lazy.flatMap { $0.command.arguments ?? [] }.first { $0.flag == flag }
            if let argument { option(argument) }
        }
        section("COMMANDS")
        for leaf in leaves { command(leaf.words, leaf.command) }
        for (title, entries) in Self.facts {
            section(title)
            for (name, meaning) in entries { entry(bold(name), meaning) }
        }
        section("SEE ALSO")
        paragraph("psql(1), systemd.service(5), sysexits.h(3head), and the guides that README.md lists.")
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    private static let facts: [(String, [(String, String)])] = [
        (
            "EXIT STATUS",
            [("0", "It is done.")] + Failure.Status.allCases.map { ("\($0.rawValue)", $0.meaning) }
        ),
        (
            "ENVIRONMENT",
            [
                (
                    "DATABASE_URL, PGHOST, PGUSER, PGPASSWORD ...",
                    "Where the database is, as libpq reads them. COUNTERSIGN_DATABASE_URL wins over both."
                ),
                (
                    "COUNTERSIGN_MASTER_KEY",
                    "What seals secrets at rest: <id>:<base64 of 32 bytes>[,<older>...]. Never an option: others "
                        + "see those."
                ),
                (
                    "COUNTERSIGN_OPERATIONS_DATABASE_URL",
                    "The login of the console and of /metrics, when it is not the command's own."
                ),
                (
                    "COUNTERSIGN_X_Y",
                    "What the option --x-y says, which wins. For a switch true, yes, on, 1 or their opposites."
                ),
            ]
        ),
        (
            "FILES",
            [
                ("~/.pgpass", "Passwords for libpq."),
                (
                    "/etc/countersign/worker.env, /etc/countersign/gateway.env",
                    "The environment of the systemd units. Of mode 0600: they hold secrets."
                ),
                ("~/.countersign-phone.json", "The keys of `countersign phone`, its owner's only."),
            ]
        ),
    ]
}

extension ManualPage {
    private mutating func command(_ words: [String], _ command: CommandInfo) {
        let arguments = (command.arguments ?? []).filter(\.shouldDisplay)
        let usages = arguments.filter { $0.flag == "--json" || !Self.common.contains($0.flag ?? "") }.map(
            usage)
        lines.append(".SS " + words.dropFirst().joined(separator: " ").escaped)
        lines += [bold(words.joined(separator: " "))] + usages + [".br"]
        paragraph(command.abstract ?? "", separated: false)
        let blocks = blocks(of: command)
        blocks.filter { !isExample($0) }.forEach { block($0) }
        arguments.filter { !Self.common.contains($0.flag ?? "") }.forEach { option($0) }
        blocks.filter(isExample).forEach { block($0) }
    }

    private func isExample(_ block: [String]) -> Bool {
        block[0].hasPrefix("Example") || block[0].hasPrefix("  ")
    }

    private func usage(_ argument: CommandInfo.Argument) -> String {
        let value = argument.valueName.map { "\\fI\($0.escaped)\\fR" } ?? ""
        var text =
            switch argument.flag {
            case nil: value
            case let flag? where argument.kind == "flag": bold(flag)
            case let flag?: bold(flag) + " " + value
            }
        if argument.isOptional { text = "[\(text)]" }
        return text + (argument.isRepeating ? " ..." : "")
    }

    private mutating func option(_ argument: CommandInfo.Argument) {
        var head = argument.flag.map(bold) ?? ""
        if argument.kind != "flag", let value = argument.valueName {
            head += (head.isEmpty ? "" : " ") + "\\fI\(value.escaped)\\fR"
        }
        let words = [argument.abstract, argument.discussion, argument.variable.map { "Or \($0)." }]
        entry(head, words.compactMap(\.self).joined(separator: " "))
    }

    /// Paragraphs are filled; what is indented, as examples are, stays as it is.
    private mutating func block(_ rows: [String]) {
        let filled = rows.prefix { !$0.hasPrefix("  ") }.joined(separator: " ")
        let literal = rows.drop { !$0.hasPrefix("  ") }
        if !filled.isEmpty { paragraph(filled) }
        if !literal.isEmpty { lines += [".PP", ".nf"] + literal.map(\.escaped) + [".fi"] }
    }

    private func blocks(of command: CommandInfo) -> [[String]] {
        (command.discussion ?? "").split(separator: "\n\n").map { $0.split(separator: "\n").map(String.init) }
    }

    private mutating func section(_ title: String) { lines.append(".SH \(title)") }

    private mutating func entry(_ head: String, _ text: String) {
        lines += [".TP", head]
        paragraph(text, separated: false)
    }

    private mutating func paragraph(_ text: String, separated: Bool = true) {
        if separated, lines.last?.hasPrefix(".S") == false { lines.append(".PP") }
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.utf8.count + word.utf8.count > 76 {
                lines.append(line.escaped)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        if !line.isEmpty { lines.append(line.escaped) }
    }
}

private func bold(_ text: String) -> String { "\\fB\(text.escaped)\\fR" }

extension String {
    /// As text of roff: `\` and `-` themselves, and no line that begins like a macro.
    fileprivate var escaped: String {
        let text = replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }
}
