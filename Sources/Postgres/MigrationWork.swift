/// One `up` at work: who keeps others away meanwhile, and who hears how it goes.
struct MigrationWork {
    let turn: MigrationTurn
    let report: (MigrationProgress) -> Void
}
