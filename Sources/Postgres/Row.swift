/// One row. Columns are read by position, counted from 0; reading a column as what it is not fails, and so
/// does reading NULL other than as optional.
package struct Row: Sendable {
    private let result: ServerResult
    private let index: Int

    init(_ result: ServerResult, index: Int) {
        self.result = result
        self.index = index
    }

    package func isNull(_ column: Int) throws(DecodingFailure) -> Bool {
        try field(column) { _ in true } == nil
    }

    private func field<T>(_ column: Int, _ read: (Field) -> T) throws(DecodingFailure) -> T? {
        guard column >= 0, column < result.columnCount else {
            throw DecodingFailure(column: "\(column)", found: "missing", wanted: "a column")
        }
        return result.withField(row: index, column: column, read)
    }

    private func optional<T>(
        _ column: Int, _ wanted: String, _ read: (Field) -> T?
    ) throws(DecodingFailure) -> T? {
        let reading = try field(column) { field -> Result<T, DecodingFailure> in
            if let value = read(field) { return .success(value) }
            let found = unsafe "\(field.type) of \(field.bytes.count) bytes"
            return .failure(DecodingFailure(column: result.columnName(column), found: found, wanted: wanted))
        }
        return try reading?.get()
    }

    private func required<T>(
        _ column: Int, _ wanted: String, _ read: (Field) -> T?
    ) throws(DecodingFailure) -> T {
        if let value = try optional(column, wanted, read) { return value }
        throw DecodingFailure(column: result.columnName(column), found: "NULL", wanted: wanted)
    }
}

/// Scalars.
extension Row {
    /// text, varchar, char, name, json, jsonb, xml; everything else wants a cast, `status::text`.
    package func text(_ column: Int) throws(DecodingFailure) -> String {
        try required(column, "text") { $0.text }
    }
    package func optionalText(_ column: Int) throws(DecodingFailure) -> String? {
        try optional(column, "text") { $0.text }
    }
    /// int2, int4, int8 or oid.
    package func int(_ column: Int) throws(DecodingFailure) -> Int {
        try required(column, "an integer") { $0.int }
    }
    package func optionalInt(_ column: Int) throws(DecodingFailure) -> Int? {
        try optional(column, "an integer") { $0.int }
    }
    package func bool(_ column: Int) throws(DecodingFailure) -> Bool {
        try required(column, "bool") { $0.bool }
    }
    package func optionalBool(_ column: Int) throws(DecodingFailure) -> Bool? {
        try optional(column, "bool") { $0.bool }
    }
    /// float4 or float8; numeric wants a cast.
    package func double(_ column: Int) throws(DecodingFailure) -> Double {
        try required(column, "float8") { $0.double }
    }
    package func optionalDouble(_ column: Int) throws(DecodingFailure) -> Double? {
        try optional(column, "float8") { $0.double }
    }
    package func bytes(_ column: Int) throws(DecodingFailure) -> [UInt8] {
        try required(column, "bytea") { $0.data }
    }
    package func optionalBytes(_ column: Int) throws(DecodingFailure) -> [UInt8]? {
        try optional(column, "bytea") { $0.data }
    }
    package func identifier(_ column: Int) throws(DecodingFailure) -> Identifier {
        try required(column, "uuid") { $0.identifier }
    }
    package func optionalIdentifier(_ column: Int) throws(DecodingFailure) -> Identifier? {
        try optional(column, "uuid") { $0.identifier }
    }
    package func timestamp(_ column: Int) throws(DecodingFailure) -> Timestamp {
        try required(column, "timestamptz") { $0.timestamp }
    }
    package func optionalTimestamp(_ column: Int) throws(DecodingFailure) -> Timestamp? {
        try optional(column, "timestamptz") { $0.timestamp }
    }
}

/// Arrays of one dimension. A NULL among the elements fails, except where the elements are optional.
extension Row {
    package func texts(_ column: Int) throws(DecodingFailure) -> [String] {
        try required(column, "text[]") { $0.array { $0?.text } }
    }
    package func optionalTexts(_ column: Int) throws(DecodingFailure) -> [String]? {
        try optional(column, "text[]") { $0.array { $0?.text } }
    }
    /// text[] with NULL elements.
    package func textsOrNulls(_ column: Int) throws(DecodingFailure) -> [String?] {
        try required(column, "text[]") { $0.array { $0.map { $0.text.map(Optional.some) } ?? .some(nil) } }
    }
    package func ints(_ column: Int) throws(DecodingFailure) -> [Int] {
        try required(column, "an integer array") { $0.array { $0?.int } }
    }
    package func optionalInts(_ column: Int) throws(DecodingFailure) -> [Int]? {
        try optional(column, "an integer array") { $0.array { $0?.int } }
    }
    package func bools(_ column: Int) throws(DecodingFailure) -> [Bool] {
        try required(column, "bool[]") { $0.array { $0?.bool } }
    }
    package func doubles(_ column: Int) throws(DecodingFailure) -> [Double] {
        try required(column, "float8[]") { $0.array { $0?.double } }
    }
    package func byteses(_ column: Int) throws(DecodingFailure) -> [[UInt8]] {
        try required(column, "bytea[]") { $0.array { $0?.data } }
    }
    package func identifiers(_ column: Int) throws(DecodingFailure) -> [Identifier] {
        try required(column, "uuid[]") { $0.array { $0?.identifier } }
    }
    package func optionalIdentifiers(_ column: Int) throws(DecodingFailure) -> [Identifier]? {
        try optional(column, "uuid[]") { $0.array { $0?.identifier } }
    }
    package func timestamps(_ column: Int) throws(DecodingFailure) -> [Timestamp] {
        try required(column, "timestamptz[]") { $0.array { $0?.timestamp } }
    }
}
