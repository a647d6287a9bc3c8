/// Reads the columns of one row from left to right. The names are those of the SQL, for errors and for the tests,
/// which compare them with the statement; a row itself is read by position.
///
/// Each function fails when the column is of another type, and the ones without `optional` when it is NULL.
package struct RowReader {
    /// Nil when a decoder is only asked what it reads: then every column is a nil, a zero or empty.
    private let row: Row?
    private var position = 0
    /// What has been read so far, if the decoder is only asked.
    private(set) package var columns: [ExpectedColumn] = []

    package init(_ row: Row) {
        self.row = row
    }

    /// For finding out which columns a decoder reads.
    package init() {
        row = nil
    }

    private mutating func next<T>(
        _ name: StaticString, _ kind: ColumnKind, _ placeholder: T,
        _ read: (Row) -> (Int) throws(DecodingFailure) -> T
    ) throws(DecodingFailure) -> T {
        guard let row else {
            columns.append(ExpectedColumn(name: name.description, kind: kind))
            return placeholder
        }
        defer { position += 1 }
        return try read(row)(position)
    }
}

/// Scalars.
extension RowReader {
    /// text, varchar, char, name, json, jsonb, xml; everything else wants a cast, `status::text`.
    package mutating func text(_ name: StaticString) throws(DecodingFailure) -> String {
        try next(name, .text, "", Row.text)
    }
    package mutating func optionalText(_ name: StaticString) throws(DecodingFailure) -> String? {
        try next(name, .text, nil, Row.optionalText)
    }
    /// int2, int4, int8 or oid.
    package mutating func int(_ name: StaticString) throws(DecodingFailure) -> Int {
        try next(name, .int, 0, Row.int)
    }
    package mutating func optionalInt(_ name: StaticString) throws(DecodingFailure) -> Int? {
        try next(name, .int, nil, Row.optionalInt)
    }
    package mutating func bool(_ name: StaticString) throws(DecodingFailure) -> Bool {
        try next(name, .bool, false, Row.bool)
    }
    package mutating func optionalBool(_ name: StaticString) throws(DecodingFailure) -> Bool? {
        try next(name, .bool, nil, Row.optionalBool)
    }
    /// float4 or float8; numeric wants a cast.
    package mutating func double(_ name: StaticString) throws(DecodingFailure) -> Double {
        try next(name, .double, 0, Row.double)
    }
    package mutating func optionalDouble(_ name: StaticString) throws(DecodingFailure) -> Double? {
        try next(name, .double, nil, Row.optionalDouble)
    }
    package mutating func bytes(_ name: StaticString) throws(DecodingFailure) -> [UInt8] {
        try next(name, .bytes, [], Row.bytes)
    }
    package mutating func optionalBytes(_ name: StaticString) throws(DecodingFailure) -> [UInt8]? {
        try next(name, .bytes, nil, Row.optionalBytes)
    }
    package mutating func identifier(_ name: StaticString) throws(DecodingFailure) -> Identifier {
        try next(name, .identifier, Identifier(high: 0, low: 0), Row.identifier)
    }
    package mutating func optionalIdentifier(_ name: StaticString) throws(DecodingFailure) -> Identifier? {
        try next(name, .identifier, nil, Row.optionalIdentifier)
    }
    package mutating func timestamp(_ name: StaticString) throws(DecodingFailure) -> Timestamp {
        try next(name, .timestamp, Timestamp(microseconds: 0), Row.timestamp)
    }
    package mutating func optionalTimestamp(_ name: StaticString) throws(DecodingFailure) -> Timestamp? {
        try next(name, .timestamp, nil, Row.optionalTimestamp)
    }
    /// A column that nobody needs.
    package mutating func skip(_ name: StaticString) throws(DecodingFailure) {
        try next(name, .any, (), { _ in { _ throws(DecodingFailure) in } })
    }
}

/// Arrays of one dimension. A NULL among the elements fails, except where the elements are optional.
extension RowReader {
    package mutating func texts(_ name: StaticString) throws(DecodingFailure) -> [String] {
        try next(name, .texts, [], Row.texts)
    }
    package mutating func optionalTexts(_ name: StaticString) throws(DecodingFailure) -> [String]? {
        try next(name, .texts, nil, Row.optionalTexts)
    }
    /// text[] with NULL elements.
    package mutating func textsOrNulls(_ name: StaticString) throws(DecodingFailure) -> [String?] {
        try next(name, .texts, [], Row.textsOrNulls)
    }
    package mutating func ints(_ name: StaticString) throws(DecodingFailure) -> [Int] {
        try next(name, .ints, [], Row.ints)
    }
    package mutating func optionalInts(_ name: StaticString) throws(DecodingFailure) -> [Int]? {
        try next(name, .ints, nil, Row.optionalInts)
    }
    package mutating func doubles(_ name: StaticString) throws(DecodingFailure) -> [Double] {
        try next(name, .doubles, [], Row.doubles)
    }
    package mutating func identifiers(_ name: StaticString) throws(DecodingFailure) -> [Identifier] {
        try next(name, .identifiers, [], Row.identifiers)
    }
    package mutating func optionalIdentifiers(_ name: StaticString) throws(DecodingFailure) -> [Identifier]? {
        try next(name, .identifiers, nil, Row.optionalIdentifiers)
    }
    package mutating func timestamps(_ name: StaticString) throws(DecodingFailure) -> [Timestamp] {
        try next(name, .timestamps, [], Row.timestamps)
    }
}
