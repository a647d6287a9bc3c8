import Postgres

/// Every statement of the benchmarks, which a test prepares. Their rows are read where they are run: none has more than
/// two columns.
enum BenchStatements {
    static let all = [
        Backlog.last, Backlog.load, Backlog.open, Backlog.queued, Backlog.rate, BareNotify.notify,
        DriverFigure.one, EnrollFigure.insert, EnrollFigure.pending, EnrollFigure.rate, Neighbour.enable,
        OperationsAsker.query, OperationsBacklog.age, OperationsBacklog.depths, OperationsBacklog.load,
        SQL.insertPlainRequest, SQL.insertPlainSubmission, SQL.insertRequest, SQL.submit,
        SignInClient.awaitAnswer, SignInClient.awaitCode, SignInClient.enroll, SignInClient.isPending,
        SignInClient.submitAction, SignedBacklog.enroll, SignedBacklog.request, SignedBacklog.submission,
        ValidateFigure.queued, ValidateFigure.rate, WebhookLoad.ends, WebhookLoad.ring, WorkerFeed.queue,
        WorkerFeed.ring, WorkerProcess.registered,
    ]
}
