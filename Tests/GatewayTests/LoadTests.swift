import Testing

@Test func loads() {}
