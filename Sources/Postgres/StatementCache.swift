/// What one connection has prepared. A statement has one variant for each combination of parameter types it
/// has been used with, as a rule one.
struct StatementCache {
    struct Variant {
        let name: String
        let types: [UInt32]
    }

    /// How many the server keeps; each costs it some ten KiB. Then all are dropped.
    private static let limit = 256

    private var variants: [Statement: [Variant]] = [:]
    private var count = 0
    /// The server does not have what is in here, or has a stale plan of it.
    private var isStale = false

    var mustBeDropped: Bool { isStale || count >= Self.limit }

    func variant(of statement: Statement, for parameters: EncodedParameters) -> Variant? {
        variants[statement]?.first { parameters.fit($0.types) }
    }

    /// Adds the variant that is to be prepared now.
    mutating func add(_ statement: Statement, for parameters: EncodedParameters) -> Variant {
        let known = variants[statement] ?? []
        let types = parameters.types(merging: known.last?.types ?? [])
        let variant = Variant(name: "\(statement.serverName)_\(known.count)", types: types)
        variants[statement, default: []].append(variant)
        count += 1
        return variant
    }

    /// Takes back what could not be prepared. Nothing else of the statement was added after it.
    mutating func remove(_ variant: Variant, of statement: Statement) {
        variants[statement]?.removeAll { $0.name == variant.name }
        count -= 1
    }

    mutating func removeAll() {
        self = StatementCache()
    }

    mutating func markStale() {
        isStale = true
    }
}
