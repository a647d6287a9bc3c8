import CoreMetrics
import Countersign
import Operations
import Postgres
import Support
import Testing

@Suite struct MetricRegistryTests {
    @Test func `counters, gauges and histograms as text`() {
        let registry = MetricRegistry()
        let rows = registry.makeCounter(
            label: "countersign_stage_rows_total", dimensions: [("stage", "issue")])
        rows.increment(by: 41)
        registry.makeCounter(label: "countersign_stage_rows_total", dimensions: [("stage", "issue")])
            .increment(by: 1)
        let time = registry.makeTimer(label: "countersign_time_to_code_seconds", dimensions: [])
        for milliseconds in [1, 2, 40, 700_000] { time.recordNanoseconds(Int64(milliseconds) * 1_000_000) }
        let text = Exposition.text.write(registry.families)
        #expect(text.contains("# TYPE countersign_stage_rows_total counter\n"))
        #expect(text.contains("countersign_stage_rows_total{stage=\"issue\"} 42\n"))
        #expect(text.contains("countersign_time_to_code_seconds_bucket{le=\"0.001\"} 1\n"))
        #expect(text.contains("countersign_time_to_code_seconds_bucket{le=\"0.05\"} 3\n"))
        #expect(text.contains("countersign_time_to_code_seconds_bucket{le=\"600\"} 3\n"))
        #expect(text.contains("countersign_time_to_code_seconds_bucket{le=\"+Inf\"} 4\n"))
        #expect(text.contains("countersign_time_to_code_seconds_count 4\n"))
        #expect(text.contains("countersign_time_to_code_seconds_sum 700.043\n"))
    }

    @Test func `OpenMetrics names a counter without its suffix and ends`() {
        let registry = MetricRegistry()
        registry.makeCounter(label: "countersign_bell_rings_total", dimensions: [("stage", "issue")])
            .increment(by: 1)
        let accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"
        let text = Exposition(accept: accept).write(registry.families)
        #expect(text.contains("# TYPE countersign_bell_rings counter\n"))
        #expect(text.contains("countersign_bell_rings_total{stage=\"issue\"} 1\n"))
        #expect(text.hasSuffix("# EOF\n"))
        #expect(Exposition(accept: "text/plain") == .text && Exposition(accept: nil) == .text)
    }

    @Test func `what a label holds cannot break a line`() {
        let registry = MetricRegistry()
        registry.makeCounter(label: "countersign_x_total", dimensions: [("portal", "a\"b\\c\nd")]).increment(
            by: 1)
        let text = Exposition.text.write(registry.families)
        #expect(text.contains(#"countersign_x_total{portal="a\"b\\c\nd"} 1"#))
    }

    @Test func `a metric has at most 2,000 series and one for the rest`() {
        let registry = MetricRegistry()
        for n in 0..<2_500 {
            registry.makeCounter(label: "countersign_x_total", dimensions: [("portal", "p\(n)")]).increment(
                by: 1)
        }
        let text = Exposition.text.write(registry.families)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("countersign_x_total{") } == 2_001)
        #expect(text.contains("countersign_x_total{portal=\"other\"} 500\n"))
    }
}
