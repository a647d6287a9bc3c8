import Countersign
import Postgres
import Support
import Testing

/// The way of one sign-in, as the portal's and the app's logins see it.
@Suite(.database) struct SignInTests {
    @Test func `scan and accept`() async throws {
        let site = try await Site.make()
        try await withWorker { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let transaction = try await portal.request()
            let code = try await portal.code(transaction)
            #expect(code.utf8.count == 64)

            let scan = try await app.submit(enrollment, code, "scan")
            #expect(scan.result == "accepted" && scan.prompt == "ACME\nSign in")
            #expect(try await portal.status(transaction) == "scanned")
            let accept = try await app.submit(enrollment, code, "accept")
            #expect(accept.result == "accepted" && accept.reason == nil)

            let result = try await portal.run(SQL.status, [.identifier(transaction)])[0]
            #expect(try result.text(0) == "authenticated")
            #expect(try result.bool(1))
            #expect(try result.text(2) == "alice")
            #expect(try result.optionalText(3) == nil)
            #expect(try result.bool(4))
        }
    }

    @Test func `deny straight from issued`() async throws {
        let site = try await Site.make()
        try await withWorker { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let transaction = try await portal.request()
            let code = try await portal.code(transaction)
            #expect(try await app.submit(enrollment, code, "deny").result == "accepted")
            let result = try await portal.run(SQL.status, [.identifier(transaction)])[0]
            #expect(try result.text(0) == "denied")
            #expect(try result.bool(1) == false)
            #expect(try result.optionalText(2) == "alice")
            #expect(try result.text(3) == "denied")
        }
    }
}
