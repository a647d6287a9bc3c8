import Countersign

/// Where secrets stand that a configuration only refers to: variables of the environment, and files.
package struct SecretSource: Sendable {
    private let environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    /// The variables of the program itself are none, here and in files: who may change the configuration, and no more, would
    /// have the master key or the database's password sent to a receiver.
    static func isReference(_ text: String) -> Bool {
        let isOwn = own.contains { text.hasPrefix("env:" + $0) }
        return !isOwn && ["env:", "file:"].contains { text.hasPrefix($0) && text != $0 }
    }

    private static let own = ["COUNTERSIGN_", "DATABASE_URL", "PG"]
    /// How the lines of environment files and of `~/.pgpass` (libpq's documentation, section 34.16) look that hold such ones.
    private static func isOwn(_ line: String) -> Bool {
        let word = line.split(separator: " ").last.map(String.init) ?? ""
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        let isPasswordFile = fields.count >= 5 && (fields[1] == "*" || UInt16(fields[1]) != nil)
        return isPasswordFile || own.contains { word.hasPrefix($0) && word.contains("=") }
    }

    /// Nil when there is no such variable or file of at most 64 KiB. Of a file its first line counts.
    func secret(_ reference: String) -> String? {
        if reference.hasPrefix("env:") { return environment[String(reference.dropFirst(4))] }
        guard let file = InputFile(path: String(reference.dropFirst(5))), let data = file.read(),
            file.read()?.isEmpty == true, let text = String(validating: data, as: UTF8.self)
        else { return nil }
        return text.split(whereSeparator: \.isNewline).first.map(String.init)
    }

    /// Why a file holds none, after a colon; empty for a variable.
    private static func reason(_ reference: String) -> String {
        guard reference.hasPrefix("file:") else { return "" }
        let path = String(reference.dropFirst(5))
        if let fault = InputFile.fault(path: path) { return ": \(fault)" }
        guard let file = InputFile(path: path), let data = file.read() else { return ": it cannot be read" }
        if data.isEmpty { return ": it is empty" }
        guard file.read()?.isEmpty == true else { return ": it is longer than 64 KiB" }
        return String(validating: data, as: UTF8.self) == nil
            ? ": it is no text in UTF-8" : ": it has nothing but line ends"
    }

    /// The same. Throws when it is not there.
    package func need(_ reference: String) throws(AdministrationError) -> String {
        guard let secret = secret(reference), !secret.isEmpty else {
            throw .refused("there is no secret at \(reference)" + Self.reason(reference))
        }
        guard !reference.hasPrefix("file:") || !Self.isOwn(secret) else {
            throw .refused(
                "what stands at \(reference) is for countersign or libpq itself, and is no password of a portal, an app or a "
                    + "receiver")
        }
        return secret
    }
}
