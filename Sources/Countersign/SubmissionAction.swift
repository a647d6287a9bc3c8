/// What an app asked for with a submission.
package enum SubmissionAction: String, Sendable, CaseIterable { case scan, accept, deny, confirm }
