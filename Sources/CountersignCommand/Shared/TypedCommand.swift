import Administration

/// A command as it is typed, without `countersign`: what a journal keeps of it. Options without a value are left out.
func typed(_ command: String, _ arguments: [String], _ options: KeyValuePairs<String, String?> = [:])
    -> String
{
    let given = options.flatMap { name, value in value.map { ["--\(name)", $0] } ?? [] }
    return ([command] + (arguments + given).map(quotedWord)).joined(separator: " ")
}
