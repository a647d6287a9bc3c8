/// A column was not what the program takes it for. Names the types, never the value.
package struct DecodingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package let column: String
    package let found: String
    package let wanted: String

    package init(column: String, found: String, wanted: String) {
        (self.column, self.found, self.wanted) = (column, found, wanted)
    }

    package var description: String { "column \(column) is \(found) where \(wanted) is wanted" }
}
