import CProcessMemory
import Countersign
import FoundationEssentials

/// How much memory a worker keeps resident.
enum ProcessMemory {
    /// One arena for each core where OpenPGP runs, else one for two, unless MALLOC_ARENA_MAX says how many. glibc gives nearly
    /// every thread that allocates one of its own, up to eight for each core, and an arena keeps what its thread has freed.
    /// To be called before the threads begin.
    static func limitArenas(_ stages: Set<StageName>) {
        let process = ProcessInfo.processInfo
        guard process.environment["MALLOC_ARENA_MAX"] == nil else { return }
        let cores = process.activeProcessorCount
        let arenas = stages.isDisjoint(with: [.enroll, .validate]) ? max(1, cores / 2) : cores
        _ = mallopt(M_ARENA_MAX, Int32(clamping: arenas))
    }
}
