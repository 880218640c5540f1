/** What `@stopcopy/vmm` has for Node: sockets with guest memory that devices map, and work that is checked. */
export { type Host, makeHost, type MemoryError } from "./node/Host.ts"
export { type Job, type JobKind, Jobs, type Random } from "./node/Jobs.ts"
export {
  type LaneOptions,
  randomFrom,
  type Report,
  Workload,
  type WorkloadError,
  type WorkloadOptions
} from "./node/Workload.ts"
