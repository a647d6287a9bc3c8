package import Postgres

/// The SQL files of migrations/, under their paths there: the numbered ones, then those of current/.
package let embeddedMigrations: [MigrationFile] = EmbeddedFiles.all.compactMap { path, text in
    let folder = "migrations/"
    guard path.hasPrefix(folder), path.hasSuffix(".sql") else { return nil }
    return MigrationFile(name: String(path.dropFirst(folder.utf8.count)), text: text)
}

/// What they make, object by object, as the doctor lists it: a name, a tab, a definition. scripts/schema writes it.
package let embeddedSchema: [String] = EmbeddedFiles.`migrations/schema.txt`.split(separator: "\n").map(
    String.init)
