/// What is sent for a `$n`.
///
/// Everything but text travels in binary with its type. Text travels untyped, so that the server gives it the
/// type the SQL expects there: `$1::uuid`, a `jsonb` column, an enum. Where nothing tells the type, cast.
package enum Parameter: Sendable, Hashable {
    case null
    /// Refused with 22021 when it holds a NUL byte, which PostgreSQL cannot store.
    case text(String)
    case int(Int64)
    case int32(Int32)
    case bool(Bool)
    case double(Double)
    case bytes([UInt8])
    case identifier(Identifier)
    case timestamp(Timestamp)
    /// An `interval`, cut to whole microseconds.
    case duration(Duration)

    /// `text[]`; where another type is wanted, cast the array: `$1::inet[]`.
    case texts([String?])
    case ints([Int64])
    case int32s([Int32])
    case bools([Bool])
    case doubles([Double])
    case byteses([[UInt8]])
    /// `bytea[]` of values that all have that length, which stand one behind the other, and of which the last is whole: an
    /// array for each of a thousand takes longer to make and to forget than to send.
    case byteRows([UInt8], length: Int)
    case identifiers([Identifier])
    case timestamps([Timestamp])
    case optionalInts([Int64?])
    case optionalInt32s([Int32?])
    case optionalBools([Bool?])
    case optionalByteses([[UInt8]?])
    case optionalIdentifiers([Identifier?])
    case optionalTimestamps([Timestamp?])
}

extension Parameter: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
}

extension Parameter: CustomStringConvertible {
    /// Never the value, which may be a secret: not in a log and not in a failed expectation.
    package var description: String { "a parameter" }
}

/// From values that may be missing: nil is NULL.
extension Parameter {
    package init(_ value: String?) { self = value.map(Parameter.text) ?? .null }
    package init(_ value: Int?) { self = value.map { .int(Int64($0)) } ?? .null }
    package init(_ value: Int64?) { self = value.map(Parameter.int) ?? .null }
    package init(_ value: Bool?) { self = value.map(Parameter.bool) ?? .null }
    package init(_ value: [UInt8]?) { self = value.map(Parameter.bytes) ?? .null }
    package init(_ value: Identifier?) { self = value.map(Parameter.identifier) ?? .null }
    package init(_ value: Timestamp?) { self = value.map(Parameter.timestamp) ?? .null }
}
