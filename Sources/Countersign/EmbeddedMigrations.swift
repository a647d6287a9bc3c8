package import Postgres

/// The SQL files of migrations/, under their paths there: the numbered ones, then those of current/.
package let embeddedMigrations: [MigrationFile] = EmbeddedFiles.all.compactMap { path, text in
    let folder = "migrations/"
    guard path.hasPrefix(folder), path.hasSuffix(".sql") else { return nil }
    return MigrationFile(name: String(path.dropFirst(folder.utf8.count)), text: text)
}
