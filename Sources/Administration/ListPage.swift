package import Postgres

/// One page of a list that looks at so many rows only, the newest first.
package struct ListPage<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Where the next page begins; nil when there is nothing behind this one.
    package let next: Identifier?
    /// The next page is not known to hold anything: this is how far was looked.
    package let isCutShort: Bool

    /// - Parameter found: up to one more than a page holds.
    /// - Parameter end: finds how far was looked, when there is more behind that.
    init(_ found: [Item], id: (Item) -> Identifier, end: () async throws -> Identifier?) async throws {
        items = Array(found.prefix(listPageSize))
        let isShort = found.count <= listPageSize
        next = isShort ? try await end() : items.last.map(id)
        isCutShort = isShort && next != nil
    }
}

package let listPageSize = 25
/// How many rows a page looks at.
let listReach = 20_000
