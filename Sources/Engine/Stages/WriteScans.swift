import Postgres

/// Writes what `WriteVerdicts` writes of first scans of the code that is stored, and of nothing else: like `WriteAnswers`, and
/// refuses like it.
struct WriteScans: PreparedStatement {
    let verdicts: VerdictRows

    var parameters: [Parameter] {
        [
            .identifiers(verdicts.submissions),
            .identifiers(verdicts.transactions),
            .identifiers(verdicts.enrollments),
            .texts(verdicts.prompts),
            .optionalByteses(verdicts.signed),
            .optionalBools(verdicts.browsersKnown),
            .texts(verdicts.networks), .texts(verdicts.addresses),
            .texts(verdicts.agents), .texts(verdicts.countries),
            .optionalByteses(verdicts.signatures),
            .optionalBools(verdicts.linked),
        ]
    }

    static func decode(_ row: inout RowReader) throws { try row.skip("told") }

    static let statement = Statement(
        "validate.write_scans",
        """
        WITH scanned AS (
            UPDATE countersign.auth_requests r
            SET status = 'scanned', scanned_at = coalesce(r.scanned_at, clock_timestamp()),
                enrollment_id = v.enrollment_id, open_scan_by = v.enrollment_id, prompt = coalesce(v.prompt, r.prompt),
                signature = coalesce(v.signed, r.signature), network_match = coalesce(v.network_match, r.network_match),
                country_match = coalesce(v.country_match, r.country_match),
                browser_known = coalesce(v.browser_known, r.browser_known),
                \(Self.linkSQL)
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::boolean[], $7::text[], $8::text[],
                        $9::text[], $10::text[], $11::bytea[], $12::boolean[])
                     AS v (submission_id, transaction_id, enrollment_id, prompt, signed, browser_known, network_match,
                           device_address, device_agent, country_match, kept_signature, by_link)
            JOIN countersign.enrollments e ON e.enrollment_id = v.enrollment_id
            WHERE e.status = 'active' AND r.transaction_id = v.transaction_id\(Days.recent.condition("r.transaction_id"))
              AND r.status = 'issued' AND clock_timestamp() < r.expires_at
            RETURNING r.transaction_id, r.portal_id, v.submission_id, v.enrollment_id, e.app_id AS enrolled_in, e.user_id,
                      v.network_match, v.country_match, v.device_address, v.device_agent, v.kept_signature
        ), resolved AS (
            UPDATE countersign.submissions s
            SET status = 'accepted', resolved_at = clock_timestamp(), ip_address = NULL, user_agent = NULL,
                enrollment_id = NULL, signed_at = NULL, prompt_digest = NULL, signature = NULL,
                kept_signature = v.kept_signature, secret_digest = NULL
            FROM scanned v WHERE s.submission_id = v.submission_id\(Days.recent.condition("s.submission_id"))
            RETURNING s.submission_id, s.app_id
        ), \(VerdictRows.goneSQL), audited AS (
            INSERT INTO countersign.events (transaction_id, enrollment_id, app_id, user_id, type, device_address,
                                            device_agent, details)
            SELECT v.transaction_id, v.enrollment_id, r.app_id, CASE WHEN v.enrolled_in = r.app_id THEN v.user_id END,
                   'request.scanned', v.device_address, v.device_agent,
                   jsonb_strip_nulls(jsonb_build_object('network_match', v.network_match, 'country_match', v.country_match))
            FROM resolved r JOIN scanned v USING (submission_id)
        )
        SELECT CASE WHEN cardinality(r.ids) = cardinality($1::uuid[])
                    THEN (countersign.tell_apps(r.apps, r.ids, array_fill('accepted'::text, ARRAY[cardinality(r.ids)])) IS NULL)
                       = (countersign.tell_portals(r.portals, r.requests, array_fill('scanned'::text, ARRAY[cardinality(r.ids)]))
                          IS NULL)
                    ELSE countersign.refuse('\(SQLState.notAll)', 'a scan came too late, or is of another day') IS NULL
                    END AS told
        FROM (SELECT ARRAY(SELECT app_id FROM resolved) AS apps, ARRAY(SELECT submission_id FROM resolved) AS ids,
                     ARRAY(SELECT portal_id FROM scanned) AS portals, ARRAY(SELECT transaction_id FROM scanned) AS requests
              OFFSET 0) AS r
        """)

    /// Of the request `r` and the verdict `v`: who has opened a link is shown no number, and answers by that link or not at all.
    static let linkSQL = """
        confirm_number = CASE WHEN NOT (v.browser_known AND r.confirm_if_new OR v.by_link) IS TRUE THEN r.confirm_number END,
                refuse_qr = CASE WHEN v.by_link THEN true ELSE r.refuse_qr END
        """
}
