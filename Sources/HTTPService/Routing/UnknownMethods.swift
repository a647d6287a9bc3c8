import Hummingbird

/// Hands on a request with a method that nobody knows as TRACE, which no route has: so it is refused as any other that
/// its path does not allow, and no name of the client's own making gets into the log.
struct UnknownMethods: HTTPResponder {
    let routes: RouterResponder<ServiceContext>

    @concurrent
    func respond(to request: Request, context: ServiceContext) async throws -> Response {
        guard !RouteTable.methods.contains(request.method) else {
            return try await routes.respond(to: request, context: context)
        }
        var head = request.head
        head.method = .trace
        return try await routes.respond(to: Request(head: head, body: request.body), context: context)
    }
}
