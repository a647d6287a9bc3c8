// swift-tools-version: 6.2
import PackageDescription

/// What the library for apps does without.
func server(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package, condition: .when(traits: ["Server"]))
}

let package = Package(
    name: "countersign",
    // What apps need: the server's own modules build on Linux alone.
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .executable(name: "countersign", targets: ["CountersignCommand"]),
        .library(name: "CountersignApp", targets: ["CountersignApp", "CountersignURLSession"]),
    ],
    // An app that wants the library alone switches the trait off, and gets swift-crypto and nothing else.
    traits: [
        .default(enabledTraits: ["Server"]),
        .trait(name: "Server", description: "The program, and all that only it depends on."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        .systemLibrary(name: "Clibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "Cqrencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "Czlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CUnicodeSecurity",
            linkerSettings: [.linkedLibrary("icui18n")]
        ),
        .systemLibrary(name: "Ccares", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .systemLibrary(
            name: "Cmaxminddb", pkgConfig: "libmaxminddb", providers: [.apt(["libmaxminddb-dev"])]),
        .target(name: "Crnp"),
        .executableTarget(name: "EmbedFiles"),
        .plugin(
            name: "EmbedFilesPlugin",
            capability: .buildTool(),
            dependencies: ["EmbedFiles"],
            path: "Sources/EmbedFilesPlugin"
        ),
        .target(
            name: "Postgres",
            dependencies: ["Clibpq", server("Logging", "swift-log")]
        ),
        .target(
            name: "Countersign",
            dependencies: [
                "Cqrencode", "CUnicodeSecurity", "Czlib", "OpenPGP", "Postgres",
                .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
                server("Tracing", "swift-distributed-tracing"),
            ],
            plugins: ["EmbedFilesPlugin"]
        ),
        .target(name: "Resolver", dependencies: ["Ccares", "Countersign", "Postgres"]),
        .target(
            name: "Places", dependencies: ["Cmaxminddb", "Countersign", server("Logging", "swift-log")]),
        .target(
            name: "Engine",
            dependencies: [
                "Countersign", "OpenPGP", "OpenPGPPackets", "Places", "Postgres",
                .product(name: "Crypto", package: "swift-crypto"),
                server("HeapModule", "swift-collections"),
                server("Logging", "swift-log"),
                server("Metrics", "swift-metrics"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "Administration",
            dependencies: [
                "Countersign", "Postgres",
                .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
                server("Yams", "Yams"),
            ]
        ),
        .target(
            name: "Webhooks",
            dependencies: [
                "Countersign", "Engine", "Postgres", "Resolver",
                server("AsyncHTTPClient", "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                server("DequeModule", "swift-collections"),
                server("Logging", "swift-log"),
                server("NIOCore", "swift-nio"),
                server("NIOHPACK", "swift-nio-http2"),
                server("NIOHTTP1", "swift-nio"),
                server("NIOHTTP2", "swift-nio-http2"),
                server("NIOSSL", "swift-nio-ssl"),
                server("Tracing", "swift-distributed-tracing"),
            ]
        ),
        .target(
            name: "OpenPGPPackets",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")]
        ),
        .target(
            name: "CountersignApp",
            dependencies: [
                "OpenPGPPackets", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]
        ),
        // Not in the module above: Foundation's HTTP brings libcurl and seven more libraries, which the program has no use for.
        .target(name: "CountersignURLSession", dependencies: ["CountersignApp"]),
        .target(
            name: "OpenPGP",
            dependencies: [
                "Crnp", "OpenPGPPackets", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]
        ),
        .target(
            name: "HTTPService",
            dependencies: [
                "Countersign", "Postgres",
                server("Hummingbird", "hummingbird"),
                server("HummingbirdCore", "hummingbird"),
                server("HummingbirdTLS", "hummingbird"),
                server("Logging", "swift-log"),
                server("Metrics", "swift-metrics"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("NIOSSL", "swift-nio-ssl"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
                server("Tracing", "swift-distributed-tracing"),
            ]
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "Administration", "Countersign", "Engine", "HTTPService", "Postgres",
                "Resolver",
                server("AsyncHTTPClient", "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                server("Hummingbird", "hummingbird"),
                server("JWTKit", "jwt-kit"),
                server("Logging", "swift-log"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("NIOSSL", "swift-nio-ssl"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
            ],
            plugins: ["EmbedFilesPlugin"]
        ),
        .target(
            name: "Operations",
            dependencies: [
                "Administration", "Countersign", "Engine", "HTTPService", "Postgres",
                server("CoreMetrics", "swift-metrics"),
                server("Hummingbird", "hummingbird"),
                server("Logging", "swift-log"),
                server("Mustache", "swift-mustache"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
            ],
            plugins: ["EmbedFilesPlugin"]
        ),
        .executableTarget(
            name: "CountersignCommand",
            dependencies: [
                "Administration", "Countersign", "CountersignApp", "Engine", "Gateway", "HTTPService",
                "OpenPGP", "Operations", "Places", "Postgres", "Webhooks",
                server("ArgumentParser", "swift-argument-parser"),
                server("AsyncHTTPClient", "async-http-client"),
                server("Configuration", "swift-configuration"),
                .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
                server("Metrics", "swift-metrics"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
                server("UnixSignals", "swift-service-lifecycle"),
            ]
        ),
        .executableTarget(
            name: "CountersignBenchmarks",
            dependencies: [
                "Administration", "Countersign", "Engine", "OpenPGP", "Postgres", "Webhooks",
                server("ArgumentParser", "swift-argument-parser"),
                server("AsyncHTTPClient", "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                server("Histogram", "hdrhistogram-swift"),
                server("Logging", "swift-log"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("NIOPosix", "swift-nio"),
                server("UnixSignals", "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "Support",
            dependencies: [
                "Administration", "Countersign", "Engine", "HTTPService", "OpenPGP", "Places", "Postgres",
                server("AsyncHTTPClient", "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("NIOPosix", "swift-nio"),
                server("NIOSSL", "swift-nio-ssl"),
            ],
            path: "Tests/Support",
            exclude: ["Python"]
        ),
        .testTarget(
            name: "EmbedFilesTests",
            dependencies: ["Countersign", "Gateway", "Operations", "Support"],
            plugins: ["EmbedFilesPlugin"]
        ),
        .testTarget(
            name: "OpenPGPTests",
            dependencies: [
                "OpenPGP", "Support", .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
            ]
        ),
        .testTarget(
            name: "HTTPServiceTests",
            dependencies: [
                "Countersign", "HTTPService", "Support",
                server("Hummingbird", "hummingbird"),
                server("Logging", "swift-log"),
                server("NIOCore", "swift-nio"),
                server("NIOPosix", "swift-nio"),
                server("NIOSSL", "swift-nio-ssl"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Administration", "Countersign", "CountersignApp", "CountersignCommand",
                "CountersignURLSession", "Engine", "Gateway", "HTTPService", "OpenPGP", "Postgres",
                "Resolver", "Support",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                server("Logging", "swift-log"),
                server("NIOCore", "swift-nio"),
                server("NIOPosix", "swift-nio"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "Administration", "Countersign", "CountersignCommand", "Engine", "HTTPService", "Operations",
                "Postgres", "Support", "Webhooks",
                server("CoreMetrics", "swift-metrics"),
                server("Logging", "swift-log"),
                server("ServiceLifecycle", "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "CountersignAppTests",
            dependencies: [
                "CountersignApp", "OpenPGP", "OpenPGPPackets", "Support",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .testTarget(name: "ResolverTests", dependencies: ["Countersign", "Resolver", "Support"]),
        .testTarget(
            name: "PlacesTests", dependencies: ["Places", "Support", server("Logging", "swift-log")]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Support"]),
        .testTarget(
            name: "CountersignTests",
            dependencies: [
                "Countersign", "Engine", "OpenPGP", "Postgres", "Support",
                .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
            ]
        ),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Administration", "Countersign", "Engine", "OpenPGP", "Places", "Postgres", "Support",
                .product(name: "Crypto", package: "swift-crypto"),
                server("Logging", "swift-log"),
            ]
        ),
        .testTarget(
            name: "AdministrationTests",
            dependencies: ["Administration", "Countersign", "Postgres", "Support"]),
        .testTarget(
            name: "WebhooksTests",
            dependencies: [
                "Countersign", "Engine", "Postgres", "Resolver", "Support", "Webhooks",
                .product(name: "Crypto", package: "swift-crypto"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("NIOPosix", "swift-nio"),
                server("NIOSSL", "swift-nio-ssl"),
                server("HummingbirdHTTP2", "hummingbird"),
                server("Hummingbird", "hummingbird"),
            ]
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Administration", "Countersign", "CountersignBenchmarks", "CountersignCommand", "Engine",
                "OpenPGP", "Postgres", "Support",
                server("ArgumentParser", "swift-argument-parser"),
                server("AsyncHTTPClient", "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                server("NIOCore", "swift-nio"),
                server("NIOHTTP1", "swift-nio"),
                server("Tracing", "swift-distributed-tracing"),
            ]),
    ]
)

// One list for every target, so that no module is checked less than another.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .strictMemorySafety(),  // SE-0458
    .treatAllWarnings(as: .error),  // SE-0443
]
for target in package.targets where ![.plugin, .system].contains(target.type) {
    target.swiftSettings = settings
}
