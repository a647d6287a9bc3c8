package import Postgres

/// This program: what it calls itself and which schemas it works on.
package enum Program {
    package static let version = "0.1.0"
    /// The number that migrations compare `minimum-binary` with: that of the newest migration it carries.
    package static let number = 6
    /// The oldest schema version that has all it uses.
    package static let requiredSchema = 6
    package static let schema = "countersign"
    package static let schemaRange = SchemaRange(requires: requiredSchema, program: number)
}
