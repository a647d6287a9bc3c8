/// A file `current/<concept>.sql`: functions, views, triggers, policies, comments or grants as they are now. It is
/// edited in place, holds each definition whole, and runs again whenever its content has changed.
///
/// It takes nothing away: what a newer version no longer defines, a numbered file drops. Directives are lines of their
/// own among the comment lines that the file begins with:
///
/// - `-- after: <concept>, <concept>`: the files that must have run before, because this one cannot be read without
///   what they define. Bodies in PL/pgSQL need nothing: they are looked into when they are called.
/// - `-- with-every-change`: the file runs last, and again whenever any other file has run.
package struct CurrentFile: Sendable, Hashable {
    /// `current/bell.sql`.
    package let name: String
    package let sql: String
    let after: [String]
    let followsEveryChange: Bool

    package init(_ file: MigrationFile) throws(MigrationError) {
        guard isConceptName(file.name) else {
            throw .malformed(file: file.name, reason: "the name must be like current/what_it_is.sql")
        }
        let directives = try MigrationDirectives(file)
        guard directives.minimumBinary == nil, !directives.isAlone, !directives.isBatched,
            directives.partitioned == nil
        else {
            throw .malformed(
                file: file.name,
                reason: "minimum-binary, no-transaction, for-each-partition and in-batches belong "
                    + "into a numbered file")
        }
        name = file.name
        sql = file.text
        after = directives.after
        followsEveryChange = directives.followsEveryChange
    }
}

private func isConceptName(_ name: String) -> Bool {
    guard name.hasPrefix("current/"), name.hasSuffix(".sql") else { return false }
    let concept = name.dropFirst("current/".count).dropLast(".sql".count)
    return !concept.isEmpty && concept.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x5f }
}
