import ArgumentParser

/// The one of those that was probably meant: what begins so, or differs by little. Nil when none is near, or several are
/// as near.
func suggestion(for typed: String, among known: [String]) -> String? {
    let near = known.map { name in
        (name, distance: typed.count > 2 && name.hasPrefix(typed) ? 1 : editDistance(typed, name))
    }.filter { $0.distance <= min(2, ($0.0.count + 1) / 3) }
    guard let least = near.map(\.distance).min() else { return nil }
    let nearest = near.filter { $0.distance == least }
    return nearest.count == 1 ? nearest[0].0 : nil
}

/// How many letters are to be added, left out, replaced or swapped with the one beside.
func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var before: [Int] = []
    var last = Array(0...right.count)
    for (row, letter) in left.enumerated() {
        var line = [row + 1]
        for (column, other) in right.enumerated() {
            var best = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, line[column] + 1)
            if row > 0, column > 0, letter == right[column - 1], other == left[row - 1] {
                best = min(best, before[column - 1] + 1)
            }
            line.append(best)
        }
        (before, last) = (last, line)
    }
    return last[right.count]
}

/// Fails with 64 and what was probably meant when one of the words before the first option is a command that there is not.
/// The parser has no suggestion for commands, only for options.
func refuseMistypedCommand(_ arguments: some Sequence<String>, of root: any ParsableCommand.Type) throws {
    var command = root
    var typed = root._commandName
    for word in arguments.prefix(while: { !$0.hasPrefix("-") }) {
        let known = command.configuration.subcommands
        guard !known.isEmpty, word != "help" else { return }
        guard let next = known.first(where: { $0._commandName == word }) else {
            guard let meant = suggestion(for: word, among: known.map { $0._commandName }) else { return }
            throw Failure(.usage, "there is no command '\(typed) \(word)': did you mean '\(typed) \(meant)'?")
        }
        command = next
        typed += " \(word)"
    }
}
