/// All samples of one metric, as they are shown.
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    package struct Sample: Sendable, Equatable {
        /// `_bucket`, `_sum` or `_count` of a histogram, else empty.
        var suffix = ""
        let labels: [Label]
        let value: Double
    }

    package struct Label: Sendable, Hashable {
        let name: String
        let value: String
    }

    /// Of a counter with its `_total`.
    package let name: String
    package let kind: Kind
    package let help: String
    package var samples: [Sample]

    init(_ name: String, _ kind: Kind, help: String? = nil, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help ?? helpTexts[name] ?? name
        self.samples = samples
    }

    /// A gauge with one label, or with none when `label` is empty.
    static func gauge(_ name: String, by label: String = "", _ values: [(of: String, is: Double)]) -> Self {
        let samples = values.map { value in
            Sample(labels: label.isEmpty ? [] : [Label(name: label, value: value.of)], value: value.is)
        }
        return MetricFamily(name, .gauge, samples)
    }
}

/// What each metric says. A name that is not here is its own help.
let helpTexts = [
    "countersign_bell_rings_total": "Notifications heard from inserts while the stage slept.",
    "countersign_breakers":
        "Receivers whose breaker is open, or half open: they get nothing, or one webhook as a probe.",
    "countersign_build_info": "1, labelled with the version of this program and its number.",
    "countersign_database_up": "1 when this process reached the database for this scrape.",
    "countersign_default_partition_rows": "Rows in a default partition, which should be empty; at most 1000.",
    "countersign_history_gone_back":
        "1 until `countersign restored` has looked after a loss of what was over.",
    "countersign_http_connection_limit": "Clients that may be connected to the server at once.",
    "countersign_http_open_connections": "Clients that are connected to the server.",
    "countersign_http_refusals_total":
        "Requests and connections refused, by the code that the answer gives; not_http, timeout (408), no_place and made_room "
        + "have none.",
    "countersign_http_request_seconds":
        "From a request's head to the end of its answer by route, with the waits that it asked for.",
    "countersign_http_requests_total": "HTTP requests answered, by route, method and status.",
    "countersign_listener_up": "1 while the listening connection that wakes this process answers.",
    "countersign_notification_queue_usage": "Used share of the server's notification queue, 0 to 1.",
    "countersign_notifications_paused": "1 while nobody is notified, because that queue fills up.",
    "countersign_partitions_ahead": "Days after today that have their partition without a gap; at most 30.",
    "countersign_partitions_outlived":
        "Partitions whose rows are older than they are kept, and that were not dropped.",
    "countersign_pool_wait_seconds": "Wait for a pooled database connection.",
    "countersign_portals": "Portals by state. over_limit counts beside the other states.",
    "countersign_queue_depth": "Rows that wait in the stage's queue: exact up to 10000, else an estimate.",
    "countersign_queue_depth_is_estimate": "1 when the depth is an estimate.",
    "countersign_queue_in_flight": "Rows that workers hold.",
    "countersign_queue_oldest_seconds": "Age of the oldest waiting row that a worker may take.",
    "countersign_reconnects_total": "Sessions opened again after one was lost or a batch broke it.",
    "countersign_requests_ended_total":
        "Requests that ended and have a webhook, counted at its first attempt; sign_in_history has all ends.",
    "countersign_spans_total":
        "Spans that the collector has taken, and those that were dropped as it was too slow.",
    "countersign_stage_batch_seconds": "Time of batches that dealt with rows.",
    "countersign_stage_batch_timeouts_total":
        "Batches that took too long and were tried again with fewer rows.",
    "countersign_stage_batches_total": "Batches that dealt with rows.",
    "countersign_stage_errors_total": "Failed batches by SQLSTATE class; client is an error of this program.",
    "countersign_stage_paused": "1 while operators have paused the stage.",
    "countersign_stage_retries_total": "Rows and webhooks that were tried again.",
    "countersign_stage_rows_total": "Rows dealt with.",
    "countersign_stage_wakeups_total": "Ends of sleeps by cause.",
    "countersign_time_to_answer_seconds":
        "From a request's INSERT to its accept or deny, of those that have a webhook; sign_in_history has all.",
    "countersign_time_to_code_seconds": "From a request's INSERT to its code.",
    "countersign_transactions_held":
        "Transactions begun since the oldest snapshot that is held: dead rows pile up.",
    "countersign_webhook_attempt_seconds": "Time of webhook attempts.",
    "countersign_webhook_attempts_total": "Webhook attempts: delivered, or why not.",
    "countersign_webhooks_dead":
        "Webhooks given up and not sent again, by when they died; each at most 10000.",
    "countersign_workers": "Live workers that are not draining, by stage.",
]
