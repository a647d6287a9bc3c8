/// A data type by its OID. The built-in ones have the same OID on every server (`pg_type.dat`).
struct DataType: Hashable, Sendable, CustomStringConvertible {
    let oid: UInt32

    /// Left to the server to infer.
    static let unspecified = DataType(oid: 0)
    static let bool = DataType(oid: 16)
    static let bytea = DataType(oid: 17)
    static let int8 = DataType(oid: 20)
    static let int2 = DataType(oid: 21)
    static let int4 = DataType(oid: 23)
    static let text = DataType(oid: 25)
    static let oid = DataType(oid: 26)
    static let float4 = DataType(oid: 700)
    static let float8 = DataType(oid: 701)
    static let timestamptz = DataType(oid: 1184)
    static let interval = DataType(oid: 1186)
    static let uuid = DataType(oid: 2950)
    static let jsonb = DataType(oid: 3802)
    static let void = DataType(oid: 2278)

    static let boolArray = DataType(oid: 1000)
    static let byteaArray = DataType(oid: 1001)
    static let nameArray = DataType(oid: 1003)
    static let int2Array = DataType(oid: 1005)
    static let int4Array = DataType(oid: 1007)
    static let textArray = DataType(oid: 1009)
    static let varcharArray = DataType(oid: 1015)
    static let int8Array = DataType(oid: 1016)
    static let float8Array = DataType(oid: 1022)
    static let timestamptzArray = DataType(oid: 1185)
    static let uuidArray = DataType(oid: 2951)

    /// Types whose binary form is the text itself: "char", name, text, json, xml, unknown, bpchar, varchar.
    private static let textual: Set<UInt32> = [18, 19, 25, 114, 142, 705, 1042, 1043]

    var isTextual: Bool { Self.textual.contains(oid) }

    var description: String { Self.names[oid] ?? "the type with OID \(oid)" }

    private static let names: [UInt32: String] = [
        16: "bool", 17: "bytea", 18: "\"char\"", 19: "name", 20: "int8", 21: "int2", 23: "int4", 25: "text",
        26: "oid", 114: "json", 142: "xml", 700: "float4", 701: "float8", 705: "unknown", 869: "inet",
        1000: "bool[]", 1001: "bytea[]", 1003: "name[]", 1005: "int2[]", 1007: "int4[]", 1009: "text[]",
        1015: "varchar[]",
        1016: "int8[]", 1022: "float8[]", 1042: "bpchar", 1043: "varchar", 1082: "date", 1114: "timestamp",
        1184: "timestamptz", 1185: "timestamptz[]", 1186: "interval", 1700: "numeric", 2249: "record",
        2278: "void", 2950: "uuid", 2951: "uuid[]", 3802: "jsonb",
    ]
}
