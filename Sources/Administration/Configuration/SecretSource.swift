import FoundationEssentials

/// Where secrets stand that a configuration only refers to: variables of the environment, and files.
package struct SecretSource: Sendable {
    private let environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    /// The variables of the program itself are none: who may change the file, and no more, would have the master key or
    /// the database's password sent to a receiver.
    static func isReference(_ text: String) -> Bool {
        let isOwn = ["env:COUNTERSIGN_", "env:DATABASE_URL", "env:PG"].contains { text.hasPrefix($0) }
        return !isOwn && ["env:", "file:"].contains { text.hasPrefix($0) && text != $0 }
    }

    /// Nil when there is no such variable or file. Of a file its first line counts.
    func secret(_ reference: String) -> String? {
        if reference.hasPrefix("env:") { return environment[String(reference.dropFirst(4))] }
        let path = String(reference.dropFirst(5))
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= 65_536,
            let text = String(validating: data, as: UTF8.self)
        else { return nil }
        return text.split(whereSeparator: \.isNewline).first.map(String.init)
    }

    /// The same. Throws when it is not there.
    package func need(_ reference: String) throws(AdministrationError) -> String {
        guard let secret = secret(reference), !secret.isEmpty else {
            throw .refused("there is no secret at \(reference)")
        }
        return secret
    }
}
