import Clibpq

/// The owner of one `PGresult`, cleared with its last reference.
///
/// `@unchecked Sendable`: libpq never changes a result once `PQgetResult` has handed it out, and everything
/// here only reads it; `deinit` runs when nobody reads any more.
@safe final class ServerResult: @unchecked Sendable {
    private let result: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    /// Takes the result over.
    init(_ result: OpaquePointer) {
        unsafe self.result = result
        unsafe rowCount = Int(PQntuples(result))
        unsafe columnCount = Int(PQnfields(result))
    }

    deinit {
        unsafe PQclear(result)
    }

    /// Of a statement that has been described.
    var parameterCount: Int { unsafe Int(PQnparams(result)) }

    var status: ExecStatusType { unsafe PQresultStatus(result) }

    /// The command tag, as `INSERT 0 5`.
    var command: String { unsafe PQcmdStatus(result).map { unsafe String(cString: $0) } ?? "" }

    var affected: Int { unsafe PQcmdTuples(result).flatMap { unsafe Int(String(cString: $0)) } ?? 0 }

    func columnName(_ column: Int) -> String {
        unsafe PQfname(result, Int32(column)).map { unsafe String(cString: $0) } ?? ""
    }

    func columnType(_ column: Int) -> DataType { unsafe DataType(oid: PQftype(result, Int32(column))) }

    /// Nil for NULL. The row and the column must exist: libpq would complain through the notice receiver of
    /// the connection, which may be gone.
    func withField<T>(row: Int, column: Int, _ body: (Field) -> T) -> T? {
        precondition(row < rowCount && column < columnCount, "no such row or column")
        let (row, column) = (Int32(row), Int32(column))
        guard unsafe PQgetisnull(result, row, column) == 0 else { return nil }
        let count = unsafe Int(PQgetlength(result, row, column))
        let bytes = unsafe UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: count)
        let type = unsafe DataType(oid: PQftype(result, column))
        return unsafe body(Field(bytes: bytes, type: type, isBinary: PQfformat(result, column) == 1))
    }

    /// A field of the error report, such as the SQLSTATE; nil when there is none.
    func diagnostic(_ field: Diagnostic) -> String? {
        unsafe PQresultErrorField(result, field.rawValue).map { unsafe String(cString: $0) }
    }
}

/// The fields of an error report that are used; the rest may hold values. postgres_ext.h.
enum Diagnostic: Int32 {
    case severity = 0x56  // 'V', not translated
    case state = 0x43  // 'C'
    case message = 0x4D  // 'M'
    case detail = 0x44  // 'D'
    case hint = 0x48  // 'H'
    case constraint = 0x6E  // 'n'
    case function = 0x52  // 'R', the server's C function that reported it
}
