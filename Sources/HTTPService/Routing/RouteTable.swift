import Hummingbird

/// Hands each request to the route that fits it, by Hummingbird's router.
///
/// That router has no 405, and gives captured segments as they were sent: so each path here has a refusal for the
/// methods that it does not have, and `IncomingRequest` decodes.
struct RouteTable {
    /// Those of RFC 9110 section 9.3 and RFC 5789. For any other see `UnknownMethods`.
    static let methods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .delete, .patch, .options, .trace, .connect,
    ]

    let routes: [Route]
    let bodyLimit: Int

    /// GET is HEAD, too (RFC 9110 section 9.3.2).
    func add(to router: Router<ServiceContext>) {
        for (path, routes) in Dictionary(grouping: routes, by: \.path) {
            var missing = Set(Self.methods)
            for route in routes {
                on(path, route.method, router, route.handle)
                missing.remove(route.method)
                guard route.method == .get else { continue }
                on(path, .head, router) { try await route.handle($0).createHeadResponse() }
                missing.remove(.head)
            }
            let allowed = Self.methods.filter { !missing.contains($0) }.map(\.rawValue).sorted()
            let refusal = Problem.methodNotAllowed(allowed.joined(separator: ", "))
            for method in missing { on(path, method, router) { _ in throw refusal } }
        }
    }

    private func on(
        _ path: String, _ method: HTTPRequest.Method, _ router: Router<ServiceContext>,
        _ handle: @escaping Route.Handler
    ) {
        router.on(RouterPath(path), method: method) { [bodyLimit] request, context in
            try await handle(IncomingRequest(request, context, bodyLimit: bodyLimit))
        }
    }
}
