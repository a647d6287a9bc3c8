package import Postgres

/// The numbered files of migrations/, in their order.
package let embeddedMigrations = embeddedFiles(in: "migrations")

/// The SQL files in that folder and not below it, in the order of their names.
private func embeddedFiles(in folder: String) -> [MigrationFile] {
    EmbeddedFiles.all.compactMap { path, text in
        let name = path.dropFirst(folder.utf8.count + 1)
        guard path == "\(folder)/\(name)", name.hasSuffix(".sql"), !name.contains("/") else { return nil }
        return MigrationFile(name: String(name), text: text)
    }
}
