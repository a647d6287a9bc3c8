package import CoreMetrics
import Synchronization

/// Keeps what the process counts, for `/metrics`: the handler behind swift-metrics.
///
/// A metric's name is its label in swift-metrics, written as Prometheus wants it. Series live as long as the
/// process. A metric that would get more than 2,000 of them puts the rest into one whose labels say `other`.
package final class MetricRegistry: MetricsFactory {
    static let seriesAllowed = 2_000

    enum Cell {
        case counter(CounterCell), gauge(GaugeCell), histogram(HistogramCell)
    }
    private let metrics = Mutex<[String: [[MetricFamily.Label]: Cell]]>([:])

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }
    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        if case .gauge(let cell) = cell(label, dimensions, { .gauge(GaugeCell()) }) { return cell }
        return GaugeCell()
    }
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        histogram(label, dimensions)
    }
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// A name that is of another kind already gets a cell that nobody shows: a mistake that a test finds.
    private func counter(_ name: String, _ dimensions: [(String, String)]) -> CounterCell {
        if case .counter(let cell) = cell(name, dimensions, { .counter(CounterCell()) }) { return cell }
        return CounterCell()
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)]) -> HistogramCell {
        if case .histogram(let cell) = cell(name, dimensions, { .histogram(HistogramCell()) }) { return cell }
        return HistogramCell()
    }

    private func cell(
        _ name: String, _ dimensions: [(String, String)], _ make: () -> sending Cell
    ) -> Cell {
        var labels = dimensions.map { MetricFamily.Label(name: $0.0, value: $0.1) }
        return metrics.withLock { metrics in
            let known = metrics[name, default: [:]]
            if known[labels] == nil, known.count >= Self.seriesAllowed {
                labels = labels.map { MetricFamily.Label(name: $0.name, value: "other") }
            }
            if let cell = known[labels] { return cell }
            let cell = make()
            metrics[name, default: [:]][labels] = cell
            return cell
        }
    }
}

extension MetricRegistry {
    /// Everything counted so far, by name.
    package var families: [MetricFamily] {
        metrics.withLock(\.self).sorted { $0.key < $1.key }.map { name, series in
            let ordered = series.sorted { $0.key.map(\.value).lexicographicallyPrecedes($1.key.map(\.value)) }
            return MetricFamily(
                name, Self.kind(of: ordered[0].value), ordered.flatMap { Self.samples($0.key, $0.value) })
        }
    }

    private static func kind(of cell: Cell) -> MetricFamily.Kind {
        switch cell {
        case .counter: .counter
        case .gauge: .gauge
        case .histogram: .histogram
        }
    }

    private static func samples(_ labels: [MetricFamily.Label], _ cell: Cell) -> [MetricFamily.Sample] {
        switch cell {
        case .counter(let cell): [.init(labels: labels, value: cell.value)]
        case .gauge(let cell): [.init(labels: labels, value: cell.value)]
        case .histogram(let cell): samples(labels, cell.read)
        }
    }

    private static func samples(
        _ labels: [MetricFamily.Label], _ state: HistogramCell.Totals
    ) -> [MetricFamily.Sample] {
        var total: UInt64 = 0
        var samples = zip(HistogramCell.bounds.map { number($0) } + ["+Inf"], state.counts).map {
            bound, count in
            total += count
            return MetricFamily.Sample(
                suffix: "_bucket", labels: labels + [.init(name: "le", value: bound)], value: Double(total))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: state.sum))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(total)))
        return samples
    }
}
