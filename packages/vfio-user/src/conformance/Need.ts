/** What clauses need beside a server: parts of its device, and what this process can do. */

/** What a device or the client's process must have, or else the clause is skipped. */
export type Need =
  | "config space"
  | "an absent region"
  | "interrupts"
  | "reset"
  | "migration"
  | "PRE_COPY"
  | "DMA logging"
  | "REGION_WRITE_MULTI"
  | "no migration"
  | "descriptors"
  | "a workload"
