/// `0.8`, `1532.0`: how logs tell durations.
package func milliseconds(_ duration: Duration) -> Double {
    (duration / .microseconds(100)).rounded() / 10
}
