import Testing

@testable import Resolver

/// Who gets a place, without a network.
@Suite struct LookupPlacesTests {
    @Test func `one owner leaves places to others however many names it has`() {
        var places = LookupPlaces<String>(total: 16, ofOne: 16)
        for number in 0..<100 { places.ask("a\(number)", for: 1) }
        let first = places.admit()
        #expect(first.count == 8)
        for number in 0..<100 { places.ask("b\(number)", for: 2) }
        places.ask("c", for: 3)
        let second = places.admit()
        #expect(second == ["b0", "b1", "b2", "b3", "c"])
        // Whoever comes still finds one, as long as there is any.
        for owner in Int32(4)...6 { places.ask("d\(owner)", for: owner) }
        let third = places.admit()
        #expect(third == ["d4", "d5", "d6"])
        places.ask("e", for: 7)
        let none = places.admit()
        places.leave(1)
        let last = places.admit()
        #expect(none.isEmpty && last == ["e"])
    }

    @Test func `no owner has more than its own bound`() {
        var places = LookupPlaces<Int>(total: 100, ofOne: 3)
        for number in 0..<5 { places.ask(number, for: 1) }
        let first = places.admit()
        let removed = places.remove { $0 == 3 }
        places.leave(1)
        let second = places.admit()
        #expect(first == [0, 1, 2] && removed == [3] && second == [4] && places.waiting.isEmpty)
    }
}
