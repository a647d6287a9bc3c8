/// The parameters of one execution as libpq takes them: all values in one buffer, which stays alive across
/// the call, and one entry for each.
struct EncodedParameters: Sendable {
    private(set) var types: [UInt32] = []
    private(set) var formats: [Int32] = []
    private(set) var lengths: [Int32] = []
    private(set) var bytes: [UInt8] = []
    /// Where each value begins in `bytes`; nil for NULL.
    private var offsets: [Int?] = []

    var count: Int { types.count }

    /// Fails with 54011 for more parameters than the protocol can count, with 54000 for more than 1 GiB of
    /// them, and with 22021 or 22008 for a value that PostgreSQL cannot store. No error holds a value.
    init(_ parameters: [Parameter], for statement: Statement) throws(PostgresError) {
        guard parameters.count <= 65_535 else { throw .tooManyParameters(statement) }
        types.reserveCapacity(parameters.count)
        formats.reserveCapacity(parameters.count)
        lengths.reserveCapacity(parameters.count)
        offsets.reserveCapacity(parameters.count)
        for (index, parameter) in parameters.enumerated() where !append(parameter) {
            throw .unstorable(parameter, number: index + 1, of: statement)
        }
        guard bytes.count < 1 << 30 else { throw .tooLong(statement) }
    }

    /// Whether a statement prepared for these types takes the parameters: NULL is of any type.
    func fit(_ prepared: [UInt32]) -> Bool {
        prepared.count == count
            && prepared.indices.allSatisfy { offsets[$0] == nil || prepared[$0] == types[$0] }
    }

    /// The types to prepare a statement for, so that it fits these parameters and, where they are NULL, still
    /// those it was prepared for `earlier`.
    func types(merging earlier: [UInt32]) -> [UInt32] {
        guard earlier.count == count else { return types }
        return types.indices.map { offsets[$0] == nil ? earlier[$0] : types[$0] }
    }

    /// Lends values, lengths and formats as `PQsendQueryPrepared` takes them. Nothing lent may be kept.
    @unsafe func withPointers<T>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> T
    ) -> T {
        unsafe bytes.withUnsafeBytes { buffer in
            let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = unsafe offsets.map { offset in
                unsafe offset.flatMap { unsafe base?.advanced(by: $0) }
            }
            return unsafe values.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}

extension EncodedParameters {
    private enum Format: Int32 {
        case text = 0
        case binary = 1
    }

    private mutating func append(_ parameter: Parameter) -> Bool {
        switch parameter {
        case .null: appendNull()
        case .text(let value): append(untyped: value)
        case .int(let value): append(value)
        case .int32(let value): append(value)
        case .bool(let value): append(value)
        case .double(let value): append(value)
        case .bytes(let value): append(value)
        case .identifier(let value): append(value)
        case .timestamp(let value): append(value)
        case .duration(let value): append(value)
        case .texts(let values): append(array: values)
        case .ints(let values): append(array: values.lazy.map(Optional.some))
        case .int32s(let values): append(array: values.lazy.map(Optional.some))
        case .bools(let values): append(array: values.lazy.map(Optional.some))
        case .doubles(let values): append(array: values.lazy.map(Optional.some))
        case .byteses(let values): append(array: values.lazy.map(Optional.some))
        case .byteRows(let bytes, let length): append(rows: bytes, length: length)
        case .identifiers(let values): append(array: values.lazy.map(Optional.some))
        case .timestamps(let values): append(array: values.lazy.map(Optional.some))
        case .optionalInts(let values): append(array: values)
        case .optionalInt32s(let values): append(array: values)
        case .optionalBools(let values): append(array: values)
        case .optionalByteses(let values): append(array: values)
        case .optionalIdentifiers(let values): append(array: values)
        case .optionalTimestamps(let values): append(array: values)
        }
    }

    private mutating func appendEntry(_ type: DataType, _ format: Format, at offset: Int?) {
        types.append(type.oid)
        formats.append(format.rawValue)
        lengths.append(0)
        offsets.append(offset)
    }

    private mutating func appendNull() -> Bool {
        appendEntry(.unspecified, .text, at: nil)
        return true
    }

    /// In text format a value is a C string, and libpq ignores its length.
    private mutating func append(untyped text: String) -> Bool {
        appendEntry(.unspecified, .text, at: bytes.count)
        defer { bytes.append(0) }
        return text.append(to: &bytes)
    }

    private mutating func append<Value: BinaryValue>(_ value: Value) -> Bool {
        let start = bytes.count
        appendEntry(Value.type, .binary, at: start)
        defer { lengths[lengths.count - 1] = Int32(clamping: bytes.count - start) }
        return value.append(to: &bytes)
    }

    private mutating func append(rows bytes: [UInt8], length: Int) -> Bool {
        precondition(length > 0 && bytes.count.isMultiple(of: length), "no whole values")
        return append(
            array: (0..<bytes.count / length).lazy.map { Optional(bytes[$0 * length..<($0 + 1) * length]) })
    }

    private mutating func append<Value: BinaryValue>(array values: some Collection<Value?>) -> Bool {
        let start = bytes.count
        appendEntry(Value.arrayType, .binary, at: start)
        defer { lengths[lengths.count - 1] = Int32(clamping: bytes.count - start) }
        return bytes.append(array: values)
    }
}

extension [UInt8] {
    /// The form of `array_recv`: dimensions (an empty array has none), whether there are NULLs, the type of
    /// the elements; for each dimension its count and first index; each element with its length, -1 for NULL.
    fileprivate mutating func append<Value: BinaryValue>(array values: some Collection<Value?>) -> Bool {
        append(bigEndian: values.isEmpty ? 0 : 1 as Int32)
        append(bigEndian: values.contains { $0 == nil } ? 1 : 0 as Int32)
        append(bigEndian: Value.type.oid)
        guard !values.isEmpty else { return true }
        append(bigEndian: Int32(values.count))
        append(bigEndian: 1 as Int32)
        return values.allSatisfy { append(element: $0) }
    }

    private mutating func append(element: (some BinaryValue)?) -> Bool {
        let start = count
        append(bigEndian: -1 as Int32)
        guard let element else { return true }
        guard element.append(to: &self) else { return false }
        let length = UInt32(clamping: count - start - 4)
        for byte in 0..<4 { self[start + byte] = UInt8(truncatingIfNeeded: length >> (24 - 8 * byte)) }
        return true
    }
}
