/** What `@stopcopy/vfio-user/conformance` offers: clauses of the protocol, and a run of them against any server. Runs in a browser too. */
export type { Target } from "./conformance/Bench.ts"
export { Broken, type Clause, type Need } from "./conformance/Clause.ts"
export { clauses } from "./conformance/clauses/all.ts"
export type { Counter, KitDescriptors, SharedMemory } from "./conformance/Descriptors.ts"
export type { Facts } from "./conformance/Facts.ts"
export { type GuestMemory, memoryBase } from "./conformance/GuestMemory.ts"
export { type Report, type Result, run, type RunOptions } from "./conformance/run.ts"
export type { Workbench, Working, Workload } from "./conformance/Workload.ts"
