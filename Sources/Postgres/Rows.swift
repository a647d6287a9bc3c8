import Clibpq

/// The result of one statement: its rows, decoded when asked, straight from libpq's memory.
package struct Rows: Sendable, RandomAccessCollection {
    private let result: ServerResult

    init(_ result: ServerResult) {
        self.result = result
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { result.rowCount }
    package subscript(position: Int) -> Row {
        precondition(indices.contains(position), "no such row")
        return Row(result, index: position)
    }

    /// How many rows the statement inserted, updated, deleted or selected.
    package var affected: Int { result.affected }

    /// The command tag, as `UPDATE 3`.
    package var command: String { result.command }

    package var columns: [String] { (0..<result.columnCount).map { result.columnName($0) } }
}
