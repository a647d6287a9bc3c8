import Administration
import ArgumentParser
import CountersignApp
import Crypto
import Foundation
import OpenPGP
import Postgres

struct PhoneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phone",
        abstract: "A phone in the terminal, for demos, tests and portal developers.",
        discussion: """
            It does what an app does, and nothing more: keys of its own, and submissions signed with them. They \
            are rows inserted with the app's login; with --url they go over HTTP to `countersign serve`, and an \
            access token says who the user is. The keys stand in a file of mode 600, by default \
            ~/.countersign-phone.json. What the server sends is verified.

            Examples:
              export DATABASE_URL=postgres://mobile@localhost/countersign
              countersign phone enroll --user alice
              countersign phone scan AaILxB_p...
              countersign phone accept

              export COUNTERSIGN_URL=https://sign-in.example
              countersign phone enroll --user alice --token-file token
            """,
        subcommands: [
            PhoneEnroll.self, PhoneScan.self, PhoneAccept.self, PhoneDeny.self, PhoneDevices.self,
            PhoneConfirm.self,
        ])
}

/// Where the phone's keys are, and how it reaches the server.
struct PhoneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The file of its keys. (default: ~/.countersign-phone.json)", valueName: "path"))
    var keys: String?

    @OptionGroup var server: PhoneServerOptions
    @OptionGroup var database: DatabaseOptions

    var file: PhoneFile {
        // As a shell means it by ~: FileManager asks the user database alone.
        let home =
            ProcessInfo.processInfo.environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? FileManager.default.homeDirectoryForCurrentUser.path
        return PhoneFile(path: keys ?? Environment.current.text("keys") ?? home + "/.countersign-phone.json")
    }

    /// Over HTTP when a server is named, else with the app's login.
    func transport() async throws -> any PhoneTransport {
        if database.databaseURL == nil {
            if let transport = try server.transport() { return transport }
        } else if server.isGiven {
            throw Failure(.usage, "--database-url goes without --url, --token and --token-file")
        }
        return try await SQLTransport(database.connectionOptions())
    }
}

/// How a phone's submissions reach the server, by way of its app's back end.
protocol PhoneTransport: AnyObject {
    /// Waits until the enrollment is active; fails with 65 where it is refused.
    func enroll(_ device: PhoneDevice, _ key: CountersignApp.DeviceKey) async throws
        -> CountersignApp.Enrollment
    /// Waits for the verdict; fails with 65 unless it was accepted.
    func submit(
        _ action: Action, _ code: Code, _ memory: PhoneMemory, prompt: Prompt?, isSomebodyElse: Bool
    ) async throws -> PhoneReply
    /// The user's devices, newest first.
    func devices(of user: String) async throws -> [EnrolledDevice]
}

struct PhoneReply {
    /// Of a scan.
    var prompt: Prompt?
    /// What to open in the browser, of an answer by link.
    var returnAddress: String?
}

struct PhoneDevice {
    let userID: String
    let deviceID: String
    let name: String?
}

/// Runs the body, and names the group that the login should belong to when it may not do what it wants.
func asPhone(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as AppError {
        throw Failure(error)
    } catch {
        throw Failure(error, role: .app)
    }
}

extension Failure {
    fileprivate init(_ error: AppError) {
        let status: Status =
            switch error.advice {
            case .signInAgain: error == .signedOut ? .permission : .data
            case .tryLater: error.isUnreachable ? .unavailable : .temporary
            case .scanAgain, .enrollAgain, .doNotAnswer, .tellDeveloper: .data
            }
        self.init(status, "\(error)")
    }
}

extension AppError {
    fileprivate var isUnreachable: Bool {
        if case .unreachable = self { true } else { false }
    }
}

struct PhoneEnroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Make keys and exchange them with the server.",
        discussion: """
            Enrolling the same user and device again replaces its keys.

            Examples:
              countersign phone enroll --user alice
              countersign phone enroll --user alice --device tablet --keys tablet.json
            """)

    @Option(help: "Who is signed in to the app.")
    var user: String

    @Option(help: "The device's id. (default: phone)")
    var device: String?

    @Option(help: "What people call the device.")
    var name: String?

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await asPhone {
            let device = PhoneDevice(
                userID: user, deviceID: device ?? Environment.current.text("device") ?? "phone",
                name: name ?? Environment.current.text("name"))
            let transport = try await options.transport()
            let (signer, decrypter) = (Ed25519Signer(), Curve25519Decrypter())
            let key = DeviceKey(signer: signer, decrypter: decrypter, created: Date())
            let enrollment = try await transport.enroll(device, key)
            try options.file.write(
                PhoneMemory(
                    enrollment: enrollment, created: key.created,
                    signingSecret: signer.secret.rawRepresentation,
                    decryptionSecret: decrypter.secret.rawRepresentation))
            let held = try await transport.devices(of: user).first { $0.id == enrollment.id }?.confirmation
            write("enrolled \(device.userID) on \(device.deviceID): \(enrollment.id.uuidString.lowercased())")
            write("device key  \(key.fingerprint)")
            if let key = enrollment.serverPublicKey {
                write("server key  \(try OpenPGPContext(capacity: 1).inspect(publicKey: key).fingerprint)")
            }
            if let held {
                write("held        an older device lets it answer: countersign phone confirm \(held.text)")
            }
        }
    }
}

struct PhoneScan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Scan a code, and show what the server asks.",
        discussion: """
            The code is its 64 characters, a link that carries it, the path of a PNG with a QR code (read by \
            zbarimg), or - for a line of standard input.

            Examples:
              countersign phone scan "$otp"
              countersign phone scan 'acme://sign-in?otp=AaILxB_p...'
              countersign phone scan code.png
            """)

    @Argument(help: "What there is to scan.")
    var code: String

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await asPhone {
            let code = try scannedCode(code)
            var memory = try options.file.read()
            let prompt =
                try await options.transport().submit(
                    .scan, code, memory, prompt: nil, isSomebodyElse: false
                ).prompt ?? Prompt("")
            write(prompt.lines.map(plain).joined(separator: "\n"))
            if let secret = try await memory.key.secureMessage(in: prompt, of: memory.enrollment) {
                write("Secure message, signed by the server:\n" + plainLines(secret))
            }
            let link = code.isFromLink ? "\(code.text)?channel=link" : code.text
            memory.scan = PhoneMemory.Scan(code: link, prompt: prompt)
            try options.file.write(memory)
        }
    }
}

private func plainLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { plain(String($0)) }
        .joined(separator: "\n")
}

struct PhoneAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Confirm what was scanned last.",
        discussion: """
            With a code it accepts that one, without a scan before, which is legal.

            Example:
              countersign phone accept
            """)

    @Argument(help: "A code, link or PNG instead of what was scanned last.")
    var code: String?

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws { try await answer(.accept, code, options) }
}

struct PhoneDeny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Refuse what was scanned last.",
        discussion: """
            Examples:
              countersign phone deny
              countersign phone deny --not-me
            """)

    @Argument(help: "A code, link or PNG instead of what was scanned last.")
    var code: String?

    @Flag(help: "Say that it was somebody else who began: the portal is told.")
    var notMe = false

    @OptionGroup var options: PhoneOptions

    mutating func run() async throws {
        try await answer(.deny, code, options, isSomebodyElse: notMe)
    }
}

private func answer(
    _ action: Action, _ given: String?, _ options: PhoneOptions, isSomebodyElse: Bool = false
) async throws {
    try await asPhone {
        var memory = try options.file.read()
        guard let code = try (given ?? memory.scan?.code).map(scannedCode) else {
            throw Failure(.usage, "nothing was scanned yet: `countersign phone scan <code>` comes first")
        }
        let isScanned = memory.scan.map { $0.code.hasPrefix(code.text) } ?? false
        let prompt = isScanned ? memory.scan?.prompt : nil
        let reply = try await options.transport().submit(
            action, code, memory, prompt: prompt, isSomebodyElse: isSomebodyElse)
        write(action == .accept ? "accepted" : "denied")
        if let address = reply.returnAddress { write("open in the browser: \(plain(address))") }
        if prompt != nil {
            memory.scan = nil
            try options.file.write(memory)
        }
    }
}
