import Administration
import ArgumentParser
import CountersignApp
import Foundation

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
        subcommands: [PhoneEnroll.self, PhoneScan.self, PhoneAccept.self, PhoneDeny.self])
}

/// Where the phone's keys are, and how it reaches the server.
struct PhoneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The file of its keys. (default: ~/.countersign-phone.json)", valueName: "path"))
    var keys: String?

    @OptionGroup var server: PhoneServerOptions
    @OptionGroup var database: DatabaseOptions

    var file: PhoneFile {
        let home = FileManager.default.homeDirectoryForCurrentUser.appending(path: ".countersign-phone.json")
        return PhoneFile(path: keys ?? Environment.current.text("keys") ?? home.path)
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
    func enroll(_ device: PhoneDevice, _ key: DeviceKey) async throws -> CountersignApp.Enrollment
    /// Waits for the verdict; fails with 65 unless it was accepted. Returns the prompt, of a scan.
    func submit(
        _ action: Action, _ code: Code, _ memory: PhoneMemory, prompt: Prompt?
    ) async throws -> Prompt?
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
