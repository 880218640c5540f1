/** Why an event happened and what it led to, as a picture in layers: causes to the left, effects to the right. Every event has one cause at most. Pure. */
import { causeless, type Chronicle } from "@stopcopy/debugger"

export interface CauseNode {
  readonly place: number
  /** 0 for the event in question, less for its causes. */
  readonly layer: number
  /** From the top; effects of one event stand below each other. */
  readonly row: number
  /** What it led to and is not in the picture. */
  readonly hidden: number
}

export interface CauseGraph {
  readonly nodes: ReadonlyArray<CauseNode>
  readonly edges: ReadonlyArray<{ readonly from: CauseNode; readonly to: CauseNode }>
  /** True if the chain of causes goes on in a journal that is not here. */
  readonly isCutOff: boolean
  /** Causes that are before the first one in the picture. */
  readonly earlier: number
}

/** Causes, layers of effects and events of a picture, at most. */
const limits = { causes: 12, layers: 6, events: 60 } as const

/** The causes of an event, nearest first. Damaged ids may be a cycle. */
const causesOf = (chronicle: Chronicle, place: number): ReadonlyArray<number> => {
  const causes: Array<number> = []
  const seen = new Set([place])
  for (let cause = chronicle.causes[place] ?? causeless.outside; cause >= 0 && !seen.has(cause);) {
    seen.add(cause)
    causes.push(cause)
    cause = chronicle.causes[cause] ?? causeless.outside
  }
  return causes
}

/** Lays out the effects of an event, each at the row of its first effect. */
class Effects {
  readonly nodes: Array<CauseNode> = []
  readonly edges: Array<{ from: CauseNode; to: CauseNode }> = []
  private row = 0
  private readonly chronicle: Chronicle
  private readonly seen = new Set<number>()

  constructor(chronicle: Chronicle) {
    this.chronicle = chronicle
  }

  add(place: number, layer: number): CauseNode {
    this.seen.add(place)
    const effects = this.chronicle.effectsOf(place).filter((effect) => !this.seen.has(effect))
    const room = layer >= limits.layers ? 0 : limits.events - this.seen.size
    const shown = effects.slice(0, Math.max(0, room))
    const row = this.row
    const node: CauseNode = { place, layer, row, hidden: effects.length - shown.length }
    this.nodes.push(node)
    for (const effect of shown) this.seen.add(effect)
    shown.forEach((effect, index) => {
      if (index > 0) this.row++
      this.edges.push({ from: node, to: this.add(effect, layer + 1) })
    })
    return node
  }
}

export const causeGraph = (chronicle: Chronicle, place: number): CauseGraph => {
  const below = new Effects(chronicle)
  const self = below.add(place, 0)
  const all = causesOf(chronicle, place)
  const shown = all.slice(0, limits.causes)
  const causes = shown.map((cause, index): CauseNode => ({ place: cause, layer: -1 - index, row: 0, hidden: 0 }))
  const chain = [self, ...causes]
  const up = causes.flatMap((from, index) => {
    const to = chain[index]
    return to === undefined ? [] : [{ from, to }]
  })
  const root = all.at(-1) ?? place
  return {
    nodes: [...causes.toReversed(), ...below.nodes],
    edges: [...up, ...below.edges],
    isCutOff: chronicle.causes[root] === causeless.elsewhere,
    earlier: all.length - shown.length
  }
}
