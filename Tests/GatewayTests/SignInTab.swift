import Foundation
import Support
import Testing

/// A tab that shows the drop-in sign-in page.
extension Chromium.Tab {
    /// What it shows: `code`, `scanned`, `number`, or how it has ended.
    func phase() async throws -> String {
        try await value("(document.querySelector('.countersign-box') || { dataset: {} }).dataset.phase")
    }

    func wait(phase: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("the page shows \(phase)", sourceLocation: sourceLocation) {
            try await self.phase() == phase
        }
    }

    /// What is said to the visitor, and to who listens.
    func status() async throws -> String {
        try await value("document.querySelector('.countersign-status').textContent")
    }

    /// The squares of the code that is shown.
    func drawn() async throws -> String {
        try await value("document.querySelector('.countersign-code path')?.getAttribute('d')")
    }

    /// Waits until a code is shown, and reads it off the screen.
    func code(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        try await wait(phase: "code", sourceLocation: sourceLocation)
        return try #require(try await zbar(try await screenshot(name), "png"), sourceLocation: sourceLocation)
    }

    /// Leaves a picture in .build/screenshots, for who wants to see how it looks.
    func keep(_ name: String) async throws {
        let folder = Checkout.root.appending(path: ".build/screenshots")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await screenshot(name).write(to: folder.appending(path: "widget-\(name).png"))
    }
}
