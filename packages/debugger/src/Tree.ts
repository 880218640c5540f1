/** The causation forest: what a command led to stands below the event that led to the command. */
import type { ReadError } from "@stopcopy/runtime"
import { Effect, Stream } from "effect"
import { batchOf } from "./Batch.ts"
import type { Batch } from "./Batch.ts"
import { causePoint } from "./Causation.ts"
import { TreeTooLarge } from "./DebuggerError.ts"
import type { InvalidPattern } from "./DebuggerError.ts"
import type { Filter } from "./Filter.ts"
import { BatchReader } from "./internal/BatchReader.ts"
import { batchesOf } from "./internal/batchesOf.ts"
import type { Known } from "./Known.ts"
import type { Moment } from "./Moment.ts"
import type { Point } from "./Point.ts"
import type { Source } from "./Source.ts"
import { timeline } from "./Timeline.ts"

/** Batches of one forest, at most: it is in memory as a whole. */
export const maxTreeBatches = 200_000

export interface TreeNode {
  readonly batch: Batch
  /** True for a batch with an event that the filter lets through; others are there because such a batch is below them. */
  readonly matches: boolean
  readonly events: ReadonlyArray<TreeEvent>
}

export interface TreeEvent {
  readonly moment: Moment
  /** What this event led to, in the order of time. */
  readonly children: ReadonlyArray<TreeNode>
}

/** A node while the forest grows. */
interface Growing {
  readonly batch: Batch
  readonly matches: boolean
  readonly events: ReadonlyArray<{ readonly moment: Moment; readonly children: Array<Growing> }>
  /** The event that led to it, once that is known. */
  cause: Point | undefined
}

/** Nodes of one source by the events in them. */
class Nodes {
  private readonly byEvent = new Map<Source, Map<number, Growing>>()
  readonly all: Array<Growing> = []

  add(batch: Batch, matches: boolean): Growing {
    const node: Growing = {
      batch,
      matches,
      events: batch.moments.map((moment) => ({ moment, children: [] })),
      cause: undefined
    }
    const events = this.byEvent.get(batch.source) ?? new Map<number, Growing>()
    this.byEvent.set(batch.source, events)
    for (const { envelope } of batch.moments) events.set(envelope.sequence, node)
    this.all.push(node)
    return node
  }

  at({ sequence, source }: Point): Growing | undefined {
    return this.byEvent.get(source)?.get(sequence)
  }
}

const matching = Effect.fnUntraced(function* (
  sources: ReadonlyArray<Source>,
  known: Known,
  filter: Filter
): Effect.fn.Return<Nodes, ReadError | InvalidPattern | TreeTooLarge> {
  const nodes = new Nodes()
  yield* Stream.runForEach(batchesOf(timeline(sources, known, filter)), ({ item, source }) => {
    nodes.add(batchOf(known, source, item), true)
    return nodes.all.length > maxTreeBatches ? new TreeTooLarge({ limit: maxTreeBatches }) : Effect.void
  })
  return nodes
})

/** Adds the batches above those that match, up to the roots, and notes the cause of each. */
const complete = Effect.fnUntraced(function* (sources: ReadonlyArray<Source>, known: Known, nodes: Nodes) {
  const reader = new BatchReader(false)
  // The list grows while it is walked: an added batch has a cause too.
  for (const node of nodes.all) {
    const cause = causePoint(sources, node.batch.source, node.batch.causation)
    if (cause === undefined) continue
    if (nodes.at(cause) === undefined) {
      const sealed = yield* reader.containing(cause)
      if (sealed === undefined) continue
      nodes.add(batchOf(known, cause.source, sealed), false)
    }
    node.cause = cause
  }
})

/** Makes roots of nodes that are their own ancestors: damaged causation ids must not hide events. */
const cutCycles = (nodes: Nodes): void => {
  const rooted = new Set<Growing>()
  for (const start of nodes.all) {
    const path = new Set<Growing>()
    let node: Growing | undefined = start
    while (node !== undefined && !rooted.has(node)) {
      path.add(node)
      const above: Growing | undefined = node.cause && nodes.at(node.cause)
      const isCycle: boolean = above !== undefined && path.has(above)
      if (above !== undefined && isCycle) above.cause = undefined
      node = isCycle ? undefined : above
    }
    for (const each of path) rooted.add(each)
  }
}

/** By time; of one time, by source and batch. */
const inOrder =
  (sources: ReadonlyArray<Source>) =>
  ({ batch: left }: Growing, { batch: right }: Growing): number =>
    left.time - right.time || sources.indexOf(left.source) - sources.indexOf(right.source) || left.batch - right.batch

/** The trees of every batch with an event that the filter lets through, up to their roots. */
export const forest = Effect.fn("Debugger.forest")(function* (
  sources: ReadonlyArray<Source>,
  known: Known,
  filter: Filter = {}
): Effect.fn.Return<ReadonlyArray<TreeNode>, ReadError | InvalidPattern | TreeTooLarge> {
  const nodes = yield* matching(sources, known, filter)
  yield* complete(sources, known, nodes)
  cutCycles(nodes)
  const roots: Array<TreeNode> = []
  for (const node of nodes.all.toSorted(inOrder(sources))) {
    const { cause } = node
    const above = cause && nodes.at(cause)?.events.find(({ moment }) => moment.envelope.sequence === cause.sequence)
    if (above === undefined) roots.push(node)
    else above.children.push(node)
  }
  return roots
})
