/** All clauses, in the order in which they are looked at: from the first message to a device at work. */
import type { Clause } from "../Clause.ts"
import { arcs } from "./arcs.ts"
import { concurrency } from "./concurrency.ts"
import { data } from "./data.ts"
import { disconnects } from "./disconnects.ts"
import { dma } from "./dma.ts"
import { features } from "./features.ts"
import { headers } from "./headers.ts"
import { infos } from "./info.ts"
import { interrupts } from "./interrupts.ts"
import { logging } from "./logging.ts"
import { negotiation } from "./negotiation.ts"
import { proposals } from "./proposals.ts"
import { registers } from "./registers.ts"
import { meanings } from "./states.ts"
import { streams } from "./stream.ts"
import { work } from "./work.ts"

export const clauses: ReadonlyArray<Clause> = [
  ...negotiation,
  ...proposals,
  ...headers,
  ...streams,
  ...infos,
  ...registers,
  ...dma,
  ...interrupts,
  ...features,
  ...arcs,
  ...meanings,
  ...data,
  ...logging,
  ...concurrency,
  ...disconnects,
  ...work
]
