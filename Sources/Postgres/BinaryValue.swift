/// A Swift value with a binary form in the protocol: network byte order, as the `typsend` and `typreceive`
/// functions of PostgreSQL define it.
protocol BinaryValue: Sendable {
    static var type: DataType { get }
    static var arrayType: DataType { get }

    /// Appends the binary form; false when PostgreSQL cannot store the value.
    func append(to bytes: inout [UInt8]) -> Bool
}

extension Int64: BinaryValue {
    static var type: DataType { .int8 }
    static var arrayType: DataType { .int8Array }

    func append(to bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }
}

extension Int32: BinaryValue {
    static var type: DataType { .int4 }
    static var arrayType: DataType { .int4Array }

    func append(to bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }
}

extension Bool: BinaryValue {
    static var type: DataType { .bool }
    static var arrayType: DataType { .boolArray }

    func append(to bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }
}

extension Double: BinaryValue {
    static var type: DataType { .float8 }
    static var arrayType: DataType { .float8Array }

    func append(to bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: bitPattern)
        return true
    }
}

extension String: BinaryValue {
    static var type: DataType { .text }
    static var arrayType: DataType { .textArray }

    func append(to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        bytes.append(contentsOf: utf8)
        return !bytes[start...].contains(0)
    }
}

extension [UInt8]: BinaryValue {}
/// Without an array of its own.
extension ArraySlice<UInt8>: BinaryValue {}

extension BinaryValue where Self: Collection<UInt8> {
    static var type: DataType { .bytea }
    static var arrayType: DataType { .byteaArray }

    func append(to bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self)
        return true
    }
}

extension Identifier: BinaryValue {
    static var type: DataType { .uuid }
    static var arrayType: DataType { .uuidArray }

    func append(to bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
        return true
    }
}

extension Timestamp: BinaryValue {
    static var type: DataType { .timestamptz }
    static var arrayType: DataType { .timestamptzArray }

    /// `timestamptz` counts from 2000-01-01, this many microseconds after 1970-01-01.
    private static let epoch: Int64 = 946_684_800_000_000

    func append(to bytes: inout [UInt8]) -> Bool {
        guard isFinite else {
            bytes.append(bigEndian: microseconds)
            return true
        }
        let (count, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
        bytes.append(bigEndian: count)
        return !overflow
    }

    /// From the number in the protocol; nil for the last years of PostgreSQL's calendar, which end after ours.
    init?(binary count: Int64) {
        if count == .max || count == .min {
            self.init(microseconds: count)
            return
        }
        let (microseconds, overflow) = count.addingReportingOverflow(Self.epoch)
        guard !overflow else { return nil }
        self.init(microseconds: microseconds)
    }
}

extension Duration: BinaryValue {
    static var type: DataType { .interval }
    static var arrayType: DataType { DataType(oid: 1187) }

    /// Microseconds, days, months: a `Duration` knows only the first.
    func append(to bytes: inout [UInt8]) -> Bool {
        let (seconds, attoseconds) = components
        let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        bytes.append(bigEndian: microseconds &+ attoseconds / 1_000_000_000_000)
        bytes.append(bigEndian: 0 as Int64)
        return !overflow
    }
}

extension [UInt8] {
    /// Appends an integer, most significant byte first.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }
}
