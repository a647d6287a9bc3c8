import Support
import Testing

@Suite(.database) struct SettingsCommandTests {
    @Test func `showing and setting`() async throws {
        let shell = try await Shell.member(of: .admin)
        let before = try await shell.succeed("settings", "show", "--json").json(as: [String: Any].self)
        #expect(before["enrollment_enabled"] as? Bool == true)
        #expect(before["signature_required"] as? Bool == true)
        let outcome = try await shell.succeed(
            "settings", "set", "callback_allowlist_enabled=on", "enrollment_enabled=false")
        #expect(
            outcome.output == "enrollment_enabled is false\ncallback_allowlist_enabled is true already\n")
        let shown = try await shell.succeed("settings", "show").output
        #expect(shown.contains("enrollment_enabled              false\n"))
        #expect(shown.contains("callback_allowlist_enabled      true\n"))
        #expect(try await eventTypes() == ["settings.changed"])
        try await shell.succeed("settings", "set", "enrollment_enabled=false")
        #expect(try await eventTypes() == ["settings.changed"])
    }

    @Test func `wrong input`() async throws {
        let shell = try await Shell.member(of: .admin)
        try await shell.run("settings", "set", "enrollment=true").expect(
            65,
            "there is no setting enrollment; there is mobile_authentication_enabled, enrollment_enabled, "
                + "unique_pgp_keys_per_enrollment, signature_required, callback_allowlist_enabled, "
                + "resume_after_restore, evidence_kept_after_erasure")
        try await shell.run("settings", "set", "enrollment_enabled")
            .expect(64, "'enrollment_enabled' is not like enrollment_enabled=true")
        try await shell.run("settings", "set", "enrollment_enabled=maybe")
            .expect(64, "'enrollment_enabled=maybe' is not like enrollment_enabled=true")
        try await shell.run("settings", "set", "enrollment_enabled=true", "enrollment_enabled=false")
            .expect(64, "enrollment_enabled is given twice")
        #expect(try await shell.run("settings", "set").status == 64)
    }
}
