import Foundation
import PackagePlugin

/// Puts the files of a module's folder that are no sources (SQL, templates, styles, ...) into the module, as
/// `EmbeddedFiles`: the program is one file, and the files are real ones.
///
/// A file of a module's own folder is seen as soon as it is there. One elsewhere would be seen when the manifest
/// changes; that is why Sources/Countersign has a link to `migrations`.
@main struct EmbedFilesPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let module = target.sourceModule else { return [] }
        let files = module.sourceFiles.filter { $0.type == .unknown && $0.url.pathExtension != "docc" }.map(
            \.url)
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        let folder = module.directoryURL.path
        let paths = files.map { String($0.path.dropFirst(folder.utf8.count + 1)) }.sorted()
        return [
            .buildCommand(
                displayName: "Embedding the files of \(module.name)",
                executable: try context.tool(named: "EmbedFiles").url,
                arguments: [output.path, folder] + paths, inputFiles: files, outputFiles: [output])
        ]
    }
}
