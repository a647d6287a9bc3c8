package import Foundation

/// The checkout that the tests were built from.
package enum Checkout {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A program that scripts/packages has put into .build/tools, unless the machine has it anyway.
    package static func tool(_ name: String) -> String {
        let own = root.appending(path: ".build/tools/\(name)").path
        return FileManager.default.isExecutableFile(atPath: own) ? own : name
    }
}
