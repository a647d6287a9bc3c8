import Administration
package import Postgres

/// Does what that command does with these words, one for each of its arguments, as the owner.
@discardableResult
package func act(_ command: String, _ words: String...) async throws -> String {
    var owner = try await Database.current.connect()
    return try await act(command, words, &owner)
}

/// The same over that connection.
@discardableResult
package func act(
    _ command: String, _ words: [String] = [], _ connection: inout Connection
) async throws -> String {
    guard let action = operatorActions.first(where: { $0.command == command }) else {
        throw UnreadableInput("there is no action \(command)")
    }
    let named = zip(action.inputs.map(\.name), words.map { [$0] })
    return try await action.init(ActionWords(Dictionary(uniqueKeysWithValues: named))).run(&connection)
}
