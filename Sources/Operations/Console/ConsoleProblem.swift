import Administration
import HTTPService
import Hummingbird
import Mustache

/// What went wrong, as a page with its navigation.
enum ConsoleProblem {
    /// The same route; what it throws is told by a page.
    static func paging(_ route: Route, _ console: Console) -> Route {
        Route(route.method, route.path) { request in
            do {
                return try await route.handle(request)
            } catch {
                var problem = Problem(error, console.logger)
                problem.page = page(problem, route.method == .get ? request.request.uri.description : nil)
                throw problem
            }
        }
    }

    /// - Parameter address: what may be asked for again.
    private static func page(_ problem: Problem, _ address: String?) -> String {
        let (title, advice) = words(problem.status)
        let content: [String: Any] = [
            "title": title, "sentence": problem.description, "advice": advice,
            "status": "\(problem.status.code)",
            "groups": ConsolePage.links(to: nil) { $0.role == .viewer },
            "again": problem.status == .serviceUnavailable ? address ?? "" : "",
        ]
        return templates.render(content.withoutEmptyTexts, withTemplate: "problem") ?? ""
    }

    private static func words(_ status: HTTPResponse.Status) -> (title: String, advice: String) {
        switch status {
        case .notFound:
            (
                "Not found",
                "The address may be mistyped, or your account is not shown what is there."
            )
        case .forbidden:
            (
                "Not allowed",
                "Nothing was changed. An admin changes what your account may do: countersign operator set."
            )
        case .serviceUnavailable:
            (
                "The database does not answer",
                "Sign-ins may stand still, too. Look whether PostgreSQL runs and can be reached from here: "
                    + "countersign doctor and /readyz say what they find, and the log of this process has each error. "
                    + "What you typed last may or may not have been done."
            )
        case .badRequest, .contentTooLarge, .unsupportedMediaType:
            ("That cannot be read", "Go back, and try it another way.")
        default:
            ("Something went wrong", "The log of this process has the request, by the id in X-Request-Id.")
        }
    }
}
