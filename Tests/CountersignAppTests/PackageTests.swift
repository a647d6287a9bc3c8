import Foundation
import Support
import Testing

/// What somebody gets who depends on the library for apps.
@Suite struct PackageTests {
    private struct Package: Decodable {
        struct Target: Decodable {
            let name: String
            let dependencies: [Dependency]
        }

        let targets: [Target]

        /// The names of what that target depends on, and of what those do.
        func reached(from target: String) -> Set<String> {
            let dependencies = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0.dependencies) })
            var reached: Set<String> = []
            var names = [target]
            while let name = names.popLast() {
                guard reached.insert(name).inserted else { continue }
                names += (dependencies[name] ?? []).map(\.name)
            }
            return reached
        }
    }

    /// One key, which says its kind; in the array the name, of a product its package and aliases, and last a condition.
    private struct Dependency: Decodable {
        struct Condition: Decodable { let traits: [String]? }

        let name: String
        /// Nil for a target of this one.
        var package: String?
        let isServers: Bool

        init(from decoder: any Decoder) throws {
            let kinds = try decoder.container(keyedBy: Kind.self)
            let kind = try #require(kinds.allKeys.first)
            var values = try kinds.nestedUnkeyedContainer(forKey: kind)
            name = try values.decode(String.self)
            if kind.stringValue == "product" {
                package = try values.decode(String.self)
                _ = try values.decodeNil()
            }
            isServers = try values.decodeIfPresent(Condition.self)?.traits == ["Server"]
        }

        private struct Kind: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }

    @Test func `without the trait of the server there is nothing but swift-crypto`() async throws {
        let package = try await Self.package()
        for dependency in package.targets.flatMap(\.dependencies) {
            guard let origin = dependency.package else { continue }
            #expect(dependency.isServers == (origin != "swift-crypto"), "\(dependency.name)")
        }
        #expect(
            package.reached(from: "CountersignURLSession")
                == ["CountersignURLSession", "CountersignApp", "OpenPGPPackets", "Crypto", "CryptoExtras"])
    }

    /// Nor libcurl with it.
    @Test func `the program has nothing of Foundation's HTTP`() async throws {
        let program = try await Self.package().reached(from: "CountersignCommand")
        #expect(program.contains("CountersignApp") && !program.contains("CountersignURLSession"))
    }

    private static func package() async throws -> Package {
        let folder = FileManager.default.temporaryDirectory.appending(path: "package-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let outcome = try await runProgram(
            "swift",
            [
                "package", "dump-package", "--package-path", Checkout.root.path, "--scratch-path",
                folder.path,
            ])
        return try JSONDecoder().decode(Package.self, from: Data(outcome.output.utf8))
    }
}
