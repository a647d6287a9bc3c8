package import Logging
package import Postgres

/// What a line about many rows names: so few of them that the line stays short.
package struct LogSubjects: Sendable, Equatable {
    /// So many are named.
    package static let most = 20

    /// `transaction_id`; with an s where there are several.
    let key: String
    private let ids: ArraySlice<Identifier>
    private let areAll: Bool

    package init(key: String, ids: [Identifier]) {
        self.key = key
        self.ids = ids.prefix(Self.most)
        areAll = ids.count <= Self.most
    }

    /// With how many they are, and how long they took.
    package func metadata(rows: Int, took: Duration? = nil) -> Logger.Metadata {
        var fields: Logger.Metadata = ["rows": "\(rows)"]
        if let took { fields["ms"] = "\(milliseconds(took))" }
        if ids.count == 1 {
            fields[key] = .string(ids[0].description)
        } else if ids.count > 1 {
            fields[key + "s"] = .string(
                ids.map(\.description).joined(separator: ",") + (areAll ? "" : ",..."))
        }
        return fields
    }
}
