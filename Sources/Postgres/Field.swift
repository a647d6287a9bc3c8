/// One value that is not NULL, lent by a result or an array. Each reading is nil when the value is not of
/// that type.
@safe struct Field {
    let bytes: UnsafeRawBufferPointer
    let type: DataType
    /// False for the results of the simple protocol, which are text.
    let isBinary: Bool

    private var string: String { unsafe String(decoding: bytes, as: UTF8.self) }

    var text: String? {
        if !isBinary || type.isTextual { return string }
        // The binary form of jsonb is a version number, always 1, and the text.
        guard type == .jsonb, unsafe bytes.first == 1 else { return nil }
        return unsafe String(decoding: bytes.dropFirst(), as: UTF8.self)
    }

    var int: Int? {
        guard isBinary else { return Int(string) }
        return switch type {
        case .int8: integer(Int64.self).map { Int($0) }
        case .int4: integer(Int32.self).map { Int($0) }
        case .int2: integer(Int16.self).map { Int($0) }
        case .oid: integer(UInt32.self).map { Int($0) }
        default: nil
        }
    }

    var bool: Bool? {
        guard isBinary else { return ["t": true, "f": false][string] }
        guard type == .bool, unsafe bytes.count == 1 else { return nil }
        return unsafe bytes[0] != 0
    }

    var double: Double? {
        guard isBinary else { return Double(string) }
        return switch type {
        case .float8: integer(UInt64.self).map { Double(bitPattern: $0) }
        case .float4: integer(UInt32.self).map { Double(Float(bitPattern: $0)) }
        default: nil
        }
    }

    var identifier: Identifier? {
        guard isBinary else { return Identifier(string) }
        guard type == .uuid, unsafe bytes.count == 16 else { return nil }
        let high = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let low = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        return Identifier(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    /// Not from text, whose form depends on settings.
    var timestamp: Timestamp? {
        guard isBinary, type == .timestamptz else { return nil }
        return integer(Int64.self).flatMap { Timestamp(binary: $0) }
    }

    var data: [UInt8]? {
        guard isBinary, type == .bytea else { return nil }
        return unsafe [UInt8](bytes)
    }

    private func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        guard unsafe bytes.count == MemoryLayout<Value>.size else { return nil }
        return unsafe Value(bigEndian: bytes.loadUnaligned(as: Value.self))
    }
}

extension Field {
    /// The elements of an array of one dimension in the form of `array_send`; nil when it is no such array or
    /// `read` refuses an element. A NULL element is read as nil.
    func array<Element>(_ read: (Field?) -> Element?) -> [Element]? {
        guard isBinary, unsafe bytes.count >= 12 else { return nil }
        let dimensions = header(0)
        if dimensions == 0 { return [] }
        guard dimensions == 1, unsafe bytes.count >= 20 else { return nil }
        let elementType = DataType(oid: UInt32(bitPattern: header(2)))
        let count = Int(header(3))
        // Each element takes four bytes at least: a wrong count must not reserve memory.
        guard count >= 0, unsafe bytes.count >= 20 + 4 * count else { return nil }
        return elements(count, of: elementType, read)
    }

    private func header(_ word: Int) -> Int32 {
        unsafe Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * word, as: Int32.self))
    }

    private func elements<Element>(
        _ count: Int, of type: DataType, _ read: (Field?) -> Element?
    ) -> [Element]? {
        var elements: [Element] = []
        elements.reserveCapacity(count)
        var place = 20
        for _ in 0..<count {
            guard unsafe place + 4 <= bytes.count else { return nil }
            let length = unsafe Int(
                Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int32.self)))
            place += 4
            let end = place + max(0, length)
            guard unsafe end <= bytes.count else { return nil }
            let field = unsafe Field(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[place..<end]), type: type, isBinary: true)
            guard let element = read(length < 0 ? nil : field) else { return nil }
            elements.append(element)
            place = end
        }
        return elements
    }
}
