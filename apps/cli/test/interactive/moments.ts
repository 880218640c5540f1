/** A timeline of made-up events for the interactive mode: twenty, of which two are failures. */
import type { Moment, Source, StepIndex } from "@stopcopy/debugger"
import { momentOf, Stepper } from "@stopcopy/debugger"
import { encodings, Journal } from "@stopcopy/runtime"
import { Effect } from "effect"
import { initial, type Ui } from "../../src/interactive/Ui.ts"
import { known } from "../../src/replay/Registry.ts"

const count = 20
const failures: ReadonlyArray<number> = [5, 12]

const source: Source = {
  label: "a.db",
  journal: Effect.runSync(Effect.provide(Journal, Journal.layerMemory).pipe(Effect.scoped))
}

const moment = (at: number): Moment =>
  momentOf(known, source, {
    sequence: at + 1,
    version: at + 1,
    batch: at + 1,
    time: at,
    correlation: "m-1",
    causation: null,
    stream: "lamp/kitchen",
    behavior: "lamp",
    owner: null,
    type: failures.includes(at) ? "SwitchFailed" : "Switched",
    schemaVersion: 1,
    encoding: encodings.json,
    payload: new TextEncoder().encode(JSON.stringify({ step: at, text: "esc\u001b[31m" }))
  })

const index: StepIndex = {
  sources: [source],
  count,
  sequences: Float64Array.from({ length: count }, (_, at) => at + 1),
  sourceOf: new Uint16Array(count),
  failing: Uint8Array.from({ length: count }, (_, at) => (failures.includes(at) ? 1 : 0))
}

/** At the first event, before anything is loaded. */
export const unloaded: Ui = initial(Stepper.start(index))

/** The same with every event there. */
export const loaded: Ui = {
  ...unloaded,
  model: Stepper.update(unloaded.model, {
    _tag: "Loaded",
    page: 0,
    moments: Array.from({ length: count }, (_, at) => moment(at))
  })
}

/** A timeline without events. */
export const empty: Ui = initial(Stepper.start({ ...index, count: 0 }))
