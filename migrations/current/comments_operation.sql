-- What queues, workers and figures mean to whoever monitors them, column by column: psql shows it by \d+.

COMMENT ON TABLE countersign.issue_queue IS 'Requests that wait for their code.';
COMMENT ON COLUMN countersign.issue_queue.portal_id IS 'The portal of the request.';
COMMENT ON COLUMN countersign.issue_queue.attempts IS 'How often it broke a batch; at five it fails.';
COMMENT ON COLUMN countersign.issue_queue.transaction_id IS 'The request.';

COMMENT ON TABLE countersign.validate_queue IS 'Submissions that wait for their verdict.';
COMMENT ON COLUMN countersign.validate_queue.leased_until IS 'Until when a worker has it.';
COMMENT ON COLUMN countersign.validate_queue.app_id IS 'The app that submitted it.';
COMMENT ON COLUMN countersign.validate_queue.attempts IS 'How often it broke a batch; at five it fails.';
COMMENT ON COLUMN countersign.validate_queue.leased_by IS 'The backend of its session; one that is gone has no lease.';
COMMENT ON COLUMN countersign.validate_queue.leases IS
    'How often it was taken by a worker who has not come to its end.';
COMMENT ON COLUMN countersign.validate_queue.submission_id IS 'The submission.';
COMMENT ON COLUMN countersign.validate_queue.enrollment_id IS 'The enrollment that it names.';

COMMENT ON TABLE countersign.dispatch_queue IS 'Deliveries that wait, or are on their way.';
COMMENT ON COLUMN countersign.dispatch_queue.transaction_id IS 'The request whose end is told.';
COMMENT ON COLUMN countersign.dispatch_queue.due_at IS
    'When it is tried next; while leased, when the lease ends; the year 9999 while '
    'it waits for `countersign restored`.';
COMMENT ON COLUMN countersign.dispatch_queue.epoch IS
    'Of a request that was open when history had gone back: part of the webhook-id.';
COMMENT ON COLUMN countersign.dispatch_queue.occurred_at IS 'When the request ended.';
COMMENT ON COLUMN countersign.dispatch_queue.token IS 'Counts its takers: what one does who lost the lease is void.';
COMMENT ON COLUMN countersign.dispatch_queue.portal_id IS 'The portal that is called.';
COMMENT ON COLUMN countersign.dispatch_queue.attempts IS 'How often it was tried.';
COMMENT ON COLUMN countersign.dispatch_queue.leased IS 'Whether a worker has it.';
COMMENT ON COLUMN countersign.dispatch_queue.request_status IS 'How the request ended.';
COMMENT ON COLUMN countersign.dispatch_queue.callback_uri IS 'The address that is called.';
COMMENT ON COLUMN countersign.dispatch_queue.origin IS 'Scheme, host and port of that address.';
COMMENT ON COLUMN countersign.dispatch_queue.queued_at IS 'When it was queued, at first or again.';
COMMENT ON COLUMN countersign.dispatch_queue.attempts_before IS 'How many attempts came before it was sent again.';

COMMENT ON TABLE countersign.webhook_endpoints IS
    'Breakers, one for each portal and origin whose breaker has ever opened.';
COMMENT ON COLUMN countersign.webhook_endpoints.portal_id IS 'The portal.';
COMMENT ON COLUMN countersign.webhook_endpoints.trips IS 'How often it has opened since it last was closed.';
COMMENT ON COLUMN countersign.webhook_endpoints.changed_at IS 'When its state changed.';
COMMENT ON COLUMN countersign.webhook_endpoints.open_until IS 'When one delivery goes out to see whether all is well.';
COMMENT ON COLUMN countersign.webhook_endpoints.failing_since IS 'Since when it fails, NULL once it is closed.';
COMMENT ON COLUMN countersign.webhook_endpoints.origin IS 'Scheme, host and port.';
COMMENT ON COLUMN countersign.webhook_endpoints.state IS 'closed, open or half_open.';
COMMENT ON COLUMN countersign.webhook_endpoints.reason IS 'The error class that opened it.';

COMMENT ON TABLE countersign.dead_deliveries IS 'Deliveries that were given up, to be sent again by hand.';
COMMENT ON COLUMN countersign.dead_deliveries.transaction_id IS 'The request whose end was not told.';
COMMENT ON COLUMN countersign.dead_deliveries.died_at IS 'When it was given up.';
COMMENT ON COLUMN countersign.dead_deliveries.portal_id IS 'The portal that did not take it.';

COMMENT ON TABLE countersign.workers IS 'Worker processes; those that live were heard of in the last 15 s.';
COMMENT ON COLUMN countersign.workers.worker_id IS 'Its key, new at each start.';
COMMENT ON COLUMN countersign.workers.started_at IS 'When it started.';
COMMENT ON COLUMN countersign.workers.heartbeat_at IS 'When it was last heard of.';
COMMENT ON COLUMN countersign.workers.process_id IS 'Its process on that host.';
COMMENT ON COLUMN countersign.workers.program IS 'The number of its program, as in minimum_binary.';
COMMENT ON COLUMN countersign.workers.draining IS 'Whether it takes nothing new any more.';
COMMENT ON COLUMN countersign.workers.has_places IS 'Whether it was started with a file of places.';
COMMENT ON COLUMN countersign.workers.host IS 'Where it runs.';
COMMENT ON COLUMN countersign.workers.drain_requested IS 'Whether an operator told it to drain.';

COMMENT ON TABLE countersign.worker_stages IS 'What each worker does in each of its stages.';
COMMENT ON COLUMN countersign.worker_stages.worker_id IS 'The worker.';
COMMENT ON COLUMN countersign.worker_stages.stage IS 'The stage.';
COMMENT ON COLUMN countersign.worker_stages.in_flight IS 'How many rows it is working on.';
COMMENT ON COLUMN countersign.worker_stages.done_last_minute IS 'How many rows it did in the last minute.';
COMMENT ON COLUMN countersign.worker_stages.errors IS 'How many batches failed since its start.';

COMMENT ON TABLE countersign.stage_controls IS 'What operators tell the stages of all workers.';
COMMENT ON COLUMN countersign.stage_controls.stage IS 'enroll, issue, validate, expire, dispatch or housekeep.';
COMMENT ON COLUMN countersign.stage_controls.paused IS 'Whether it takes nothing.';
COMMENT ON COLUMN countersign.stage_controls.batch_size IS
    'How many rows it takes at once; NULL is what each worker was started with.';
COMMENT ON COLUMN countersign.stage_controls.updated_at IS 'When this was changed.';
COMMENT ON COLUMN countersign.stage_controls.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN countersign.stage_controls.paused_by IS 'Who has paused it: an account of the console, or else a login.';

COMMENT ON TABLE countersign.log_levels IS 'How much programs log, by module, while they run.';
COMMENT ON COLUMN countersign.log_levels.module IS 'The module; all is every one without a row of its own.';
COMMENT ON COLUMN countersign.log_levels.level IS 'trace, debug, info, notice, warning, error or critical.';
COMMENT ON COLUMN countersign.log_levels.updated_at IS 'When this was changed.';

COMMENT ON TABLE countersign.queue_history IS
    'What waited and what was done, a row a stage and minute for a week, and a row a stage and hour for 400 days.';
COMMENT ON COLUMN countersign.queue_history.minute IS 'Where the minute or the hour begins.';
COMMENT ON COLUMN countersign.queue_history.unit IS 'minute or hour.';
COMMENT ON COLUMN countersign.queue_history.stage IS 'The stage.';
COMMENT ON COLUMN countersign.queue_history.waiting IS 'How many rows waited; in an hour the most that did.';
COMMENT ON COLUMN countersign.queue_history.done IS 'How many rows were done in the minute before, or in the hour.';
COMMENT ON COLUMN countersign.queue_history.errors IS
    'How many batches have failed, of the workers that live then, since each began.';

COMMENT ON TABLE countersign.sign_in_history IS
    'Sign-ins and webhooks, a row a minute for a week, and a row an hour for 400 days.';
COMMENT ON COLUMN countersign.sign_in_history.minute IS 'Where the minute or the hour begins.';
COMMENT ON COLUMN countersign.sign_in_history.unit IS 'minute or hour.';
COMMENT ON COLUMN countersign.sign_in_history.asked IS 'Requests that were made.';
COMMENT ON COLUMN countersign.sign_in_history.authenticated IS 'Requests that ended so.';
COMMENT ON COLUMN countersign.sign_in_history.denied IS 'Requests that ended so.';
COMMENT ON COLUMN countersign.sign_in_history.expired IS 'Requests that ended so.';
COMMENT ON COLUMN countersign.sign_in_history.cancelled IS 'Requests that ended so.';
COMMENT ON COLUMN countersign.sign_in_history.failed IS 'Requests that ended so.';
COMMENT ON COLUMN countersign.sign_in_history.delivered IS 'Webhook attempts that receivers accepted.';
COMMENT ON COLUMN countersign.sign_in_history.undelivered IS 'Webhook attempts that failed.';
COMMENT ON COLUMN countersign.sign_in_history.dead IS 'Deliveries that were given up, and have not been sent again.';
COMMENT ON COLUMN countersign.sign_in_history.code_times IS
    'How many codes took how long: up to 1 ms, and each place after it up to the root of two times as long.';
COMMENT ON COLUMN countersign.sign_in_history.answer_times IS
    'How many answers took how long since the request was made, in the same places.';

COMMENT ON TABLE countersign.limit_history IS
    'Minutes of the last week in which visitors of a portal came to one of its limits, beyond which starts are refused (CS008).';
COMMENT ON COLUMN countersign.limit_history.minute IS 'Where the minute begins.';
COMMENT ON COLUMN countersign.limit_history.portal_id IS 'The portal.';
COMMENT ON COLUMN countersign.limit_history.networks IS
    'How many networks had started as many requests as max_starts_per_source lets one.';
COMMENT ON COLUMN countersign.limit_history.over_limit IS 'Whether it had max_open_requests when the minute was written.';

COMMENT ON TABLE countersign.epoch IS 'What the database last knew of itself, and who keeps house: one row.';
COMMENT ON COLUMN countersign.epoch.only_row IS 'True.';
COMMENT ON COLUMN countersign.epoch.is_held IS 'Whether webhooks of before a restore wait for `countersign restored`.';
COMMENT ON COLUMN countersign.epoch.is_synchronous IS 'Whether a standby had all that was acknowledged.';
COMMENT ON COLUMN countersign.epoch.number IS 'How often history has gone back.';
COMMENT ON COLUMN countersign.epoch.life IS 'Another after each time.';
COMMENT ON COLUMN countersign.epoch.suspect_until IS 'The last request that was there then.';
COMMENT ON COLUMN countersign.epoch.notes IS 'How often this row was written.';
COMMENT ON COLUMN countersign.epoch.noted_at IS 'When it was written last.';
COMMENT ON COLUMN countersign.epoch.noted_by IS 'The transaction that wrote it.';
COMMENT ON COLUMN countersign.epoch.system_identifier IS 'Of the cluster that the row was written in.';
COMMENT ON COLUMN countersign.epoch.timeline IS 'Its timeline then.';
COMMENT ON COLUMN countersign.epoch.database IS 'The oid of the database then.';
COMMENT ON COLUMN countersign.epoch.kept_by IS 'The worker that keeps house.';
COMMENT ON COLUMN countersign.epoch.kept_until IS 'Until when no other takes the house from it.';

COMMENT ON TABLE countersign.epochs IS 'Each time that history has gone back: a restore, a clone, a promotion with loss.';
COMMENT ON COLUMN countersign.epochs.number IS 'Which time it was.';
COMMENT ON COLUMN countersign.epochs.began_at IS 'When it was noticed.';
COMMENT ON COLUMN countersign.epochs.known_until IS 'Up to then the database knows what has happened.';
COMMENT ON COLUMN countersign.epochs.released_at IS 'When an operator let webhooks go on.';
COMMENT ON COLUMN countersign.epochs.codes IS 'How many codes were removed, uncollected.';
COMMENT ON COLUMN countersign.epochs.requests IS 'How many requests were open and have been ended.';
COMMENT ON COLUMN countersign.epochs.enrollments IS 'How many enrollments were revoked again, as a journal says.';
COMMENT ON COLUMN countersign.epochs.held_to IS 'How far webhooks have been held in this round.';
COMMENT ON COLUMN countersign.epochs.reason IS 'By what it was noticed.';

COMMENT ON TABLE countersign.home_heartbeat IS
    'When the home lived: the cell in which devices are enrolled. Its row is replicated to the cells that follow it; without such there is none.';
COMMENT ON COLUMN countersign.home_heartbeat.cell IS 'The number of the home.';
COMMENT ON COLUMN countersign.home_heartbeat.beat_at IS 'When, by its own clock; written once a second.';

COMMENT ON TABLE countersign.kept_locks IS
    'What this cell has counted of devices that it copies from the home anew. Without a copy that goes on there is none.';
COMMENT ON COLUMN countersign.kept_locks.enrollment_id IS 'The device.';
COMMENT ON COLUMN countersign.kept_locks.locked_until IS 'Until when it was locked; NULL when it was not.';
COMMENT ON COLUMN countersign.kept_locks.wrong_codes IS 'When its last wrong codes came.';
