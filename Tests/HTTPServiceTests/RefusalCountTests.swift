import Countersign
import HTTPService
import Testing

@Suite struct RefusalCountTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test func `guesses are counted by name and address, for a minute`() throws {
        let refused = RefusalCounts(.init(name: 10, network: 100))
        let (here, there) = (try address("192.0.2.1"), try address("192.0.2.2"))
        let start = ContinuousClock.now
        for number in 1...12 {
            let verdict = refused.count("acme", from: here, at: start)
            #expect(verdict == (number <= 10 ? .counted : number == 11 ? .firstTooMany : .tooMany))
        }
        #expect(refused.count("acme", from: there, at: start) == .counted)
        #expect(refused.count("other", from: here, at: start) == .counted)
        #expect(refused.count("acme", from: here, at: start + .seconds(61)) == .counted)
    }

    /// Also over all the addresses that a customer has in IPv6.
    @Test(arguments: [["192.0.2.1"], ["2001:db8::1", "2001:db8::2:3"]])
    func `names that are made up are counted together`(addresses: [String]) throws {
        let refused = RefusalCounts(.init(name: 10, network: 100))
        let verdicts = try (0..<120).map { number in
            refused.count("guess-\(number)", from: try address(addresses[number % addresses.count]))
        }
        #expect(verdicts.count { $0 == .counted } == 100)
    }

    @Test func `what one network sends uses up nothing of the others`() throws {
        let refused = RefusalCounts(.init(name: 10, network: 3, all: 5))
        let (here, there) = (try address("192.0.2.1"), try address("192.0.2.2"))
        let loud = (0..<10).map { refused.count("guess-\($0)", from: here) }
        #expect(loud.count { $0 == .counted } == 3)
        #expect(
            (0..<3).map { refused.count("guess-\($0)", from: there) } == [.counted, .counted, .firstTooMany])
    }
}
