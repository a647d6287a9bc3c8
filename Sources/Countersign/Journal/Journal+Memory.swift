import Foundation
package import Postgres

/// What a process remembers of the database beside it, for the next one on this machine.
extension Journal {
    /// How often a life of the database had written its row (see `current/epochs.sql`).
    package struct Memory: Codable, Hashable, Sendable {
        package let life: String
        package let notes: Int64

        package init(life: Identifier, notes: Int64) { (self.life, self.notes) = (life.description, notes) }
    }

    private var memoryFile: URL { URL(filePath: file + ".seen") }

    /// Nil when there is none.
    package func memory() -> (life: Identifier, notes: Int64)? {
        guard let data = try? Data(contentsOf: memoryFile),
            let memory = try? JSONDecoder().decode(Memory.self, from: data),
            let life = Identifier(memory.life)
        else { return nil }
        return (life, memory.notes)
    }

    /// One that cannot be written is worth nothing more than a notice in the log.
    package func remember(life: Identifier, notes: Int64) async throws {
        try await apart {
            try Data(jsonText(Memory(life: life, notes: notes)).utf8).write(to: memoryFile, options: .atomic)
        }
    }
}
