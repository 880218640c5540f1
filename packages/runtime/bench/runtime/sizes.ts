/** How much work each figure rests on: enough for a stable figure, small enough that the whole run takes under four minutes. */

/** Measurements of each row; rows of a section take turns, the fastest counts, the first ones warm up. */
export const rounds = 3
/** The same for sections that never wait for the disk: they take little time. */
export const quickRounds = 5

/** Rows in one transaction of the floor, those of all tables counted. */
export const floorTransactionRows = 100
/** Commands whose rows the floor inserts. */
export const floorCommands = 20_480
/** Writes of `syncBytes`, each followed by a sync, for the plain rate of the disk. */
export const syncs = 200
/** A page of SQLite's write-ahead log: the least that a durable commit writes. */
export const syncBytes = 4096

/** Actors that ask at the same time, and how many durable commands each of them sends. */
export const durableLoads = [
  { actors: 1, commandsEach: 400 },
  { actors: 64, commandsEach: 100 },
  { actors: 1024, commandsEach: 40 }
] as const
/** Durable commands without a wait between them, until the last is committed. */
export const sustainedCommands = 40_960
/** Actors among which they are spread. */
export const sustainedActors = 1024
/** Commands that each of them sends with one `askAll`. */
export const sustainedAtOnce = 8
/** The same for the one actor whose history grows. */
export const grownAtOnce = 1000
/** Written commands, one after the other. */
export const writtenCommands = 10_000

/** Register accesses in one batch, as a socket hands them over. */
export const accessesInBatch = 32
/** Batches of register accesses. */
export const accessBatches = 20_000
/** Bytes of one entry of the floor's file: an access with its time and a checksum. */
export const accessEntryBytes = 32

/** Commands on the memory journal. */
export const memoryCommands = 320_000
/** Commands in one `askAll` of them. */
export const memoryAtOnce = 32
/** Transitions of XState. */
export const machineTransitions = 60_000

/** Events that are replayed. */
export const replayedEvents = 50_000

/** Actors in memory, idle. */
export const idleActors = 100_000

/** Events of one actor, for how everything grows. */
export const grownSizes = [1000, 10_000, 100_000, 1_000_000] as const
/** Events after the snapshot that an actor is restored from. */
export const eventsAfterSnapshot = 100
/** Events that a growth figure rests on: a small journal is measured as often as that takes, up to `maxRepeats` times; a large one once. */
export const repeatedEvents = 50_000
export const maxRepeats = 10
/** Events of a journal that is measured first and thrown away: the smallest must not be the one that compiles the code. */
export const growthWarmUp = 10_000

/** Appends to Emmett's store in one round, one event each, after as many as the next constant says. */
export const emmettAppends = 500
/** Appends that warm it up. */
export const emmettWarmUp = 50
/** Events in one append while its store is filled for reading; that is not measured. */
export const emmettFillEvents = 1000
