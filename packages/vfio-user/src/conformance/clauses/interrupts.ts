/** DEVICE_SET_IRQS: what is refused, and that eventfds are signalled, kept and released. */
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import * as SetIrqs from "../../messages/SetIrqs.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import type { Counter } from "../Descriptors.ts"
import { EINVAL } from "../errnos.ts"
import { type IrqFact, signalling } from "../Facts.ts"
import { irqs, none } from "../requests.ts"

const { ACTION_MASK, ACTION_TRIGGER, ACTION_UNMASK, DATA_BOOL, DATA_EVENTFD, DATA_NONE } = SetIrqs

const anyType = ({ facts }: Bench): IrqFact =>
  facts.irqs.find(({ count }) => count > 0) ?? { index: 0, count: 0, flags: 0 }

const set = (bench: Bench, payload: Uint8Array, descriptors: ReadonlyArray<number> = []) =>
  bench.succeeds(Command.DEVICE_SET_IRQS, payload, 0, { descriptors })

const refuse = (bench: Bench, what: string, payload: Uint8Array, descriptors: ReadonlyArray<number> = []) =>
  bench.refuses(what, Command.DEVICE_SET_IRQS, payload, [EINVAL], { descriptors })

const cutShort = (bench: Bench) =>
  Effect.gen(function* () {
    const { index } = anyType(bench)
    const request = irqs(DATA_NONE | ACTION_TRIGGER, index, 0, 0)
    for (const length of [0, 8, 19]) yield* refuse(bench, `a payload of ${length} bytes`, request.subarray(0, length))
    yield* refuse(bench, "argsz 3", irqs(DATA_NONE | ACTION_TRIGGER, index, 0, 0, none, 3))
    yield* bench.lives
  })

const wrongFlags = (bench: Bench) =>
  Effect.gen(function* () {
    const { count, index } = anyType(bench)
    for (const [what, flags] of [
      ["two actions", DATA_NONE | ACTION_MASK | ACTION_UNMASK],
      ["no action", DATA_NONE],
      ["two kinds of data", DATA_NONE | DATA_BOOL | ACTION_TRIGGER],
      ["no kind of data", ACTION_TRIGGER]
    ] as const) {
      yield* refuse(bench, what, irqs(flags, index, 0, count))
    }
    yield* bench.lives
  })

const wrongRange = (bench: Bench) =>
  Effect.gen(function* () {
    const { count, index } = anyType(bench)
    const trigger = DATA_NONE | ACTION_TRIGGER
    yield* refuse(bench, "a start behind the last vector", irqs(trigger, index, count, 1))
    yield* refuse(bench, "more vectors than there are", irqs(trigger, index, 0, count + 1))
    yield* refuse(bench, "2^32 - 1 vectors", irqs(trigger, index, 0, 0xffff_ffff))
    yield* refuse(bench, "no vector from 1 on", irqs(trigger, index, 1, 0))
    yield* refuse(bench, "no vector to mask", irqs(DATA_NONE | ACTION_MASK, index, 0, 0))
    yield* refuse(bench, "no bool", irqs(DATA_BOOL | ACTION_TRIGGER, index, 0, 0))
    yield* refuse(bench, "an unknown type", irqs(trigger, bench.facts.irqs.length, 0, 0))
    for (const { count: vectors, index: type } of bench.facts.irqs) {
      if (vectors === 0) yield* refuse(bench, "a vector of a type that is not there", irqs(trigger, type, 0, 1))
    }
    yield* bench.lives
  })

const wrongBools = (bench: Bench) =>
  Effect.gen(function* () {
    const { index } = anyType(bench)
    const flags = DATA_BOOL | ACTION_TRIGGER
    yield* refuse(bench, "fewer bools than vectors", irqs(flags, index, 0, 1, none))
    yield* refuse(bench, "more bools than vectors", irqs(flags, index, 0, 1, new Uint8Array(2)))
  })

const nothingAssigned = (bench: Bench) =>
  Effect.gen(function* () {
    const { index } = anyType(bench)
    yield* set(bench, irqs(DATA_NONE | ACTION_TRIGGER, index, 0, 0))
    yield* set(bench, irqs(DATA_NONE | ACTION_TRIGGER, index, 0, 1))
    yield* set(bench, irqs(DATA_BOOL | ACTION_TRIGGER, index, 0, 1, Uint8Array.of(1)))
    yield* bench.lives
  })

/** A type that can signal, and an eventfd for its vector 0. */
const assigned = (bench: Bench) =>
  Effect.gen(function* () {
    const type = signalling(bench.facts)
    if (type === undefined) return yield* new Broken({ expected: "a type that signals eventfds", found: "none" })
    const { eventfd } = yield* bench.descriptors
    const counter = yield* bench.keep(eventfd)
    yield* set(bench, irqs(DATA_EVENTFD | ACTION_TRIGGER, type.index, 0, 1), [counter.descriptor])
    counter.read()
    return { type, counter }
  })

/** The counter has this much more. Signals are there when the reply is: the server signals before it answers. */
const counts = (counter: Counter, expected: bigint, what: string): Effect.Effect<void, Broken> =>
  Effect.suspend(() => {
    const found = counter.read()
    return found === expected ? Effect.void : new Broken({ expected: `${expected} for ${what}`, found: String(found) })
  })

const signals = (bench: Bench) =>
  Effect.gen(function* () {
    const { counter, type } = yield* assigned(bench)
    yield* set(bench, irqs(DATA_NONE | ACTION_TRIGGER, type.index, 0, 1))
    yield* counts(counter, 1n, "a trigger without data")
    yield* set(bench, irqs(DATA_BOOL | ACTION_TRIGGER, type.index, 0, 1, Uint8Array.of(1)))
    yield* counts(counter, 1n, "a trigger with bool 1")
    yield* set(bench, irqs(DATA_BOOL | ACTION_TRIGGER, type.index, 0, 1, Uint8Array.of(0)))
    yield* counts(counter, 0n, "a trigger with bool 0")
  })

const releases = (bench: Bench) =>
  Effect.gen(function* () {
    const { counter, type } = yield* assigned(bench)
    const trigger = irqs(DATA_NONE | ACTION_TRIGGER, type.index, 0, 1)
    yield* set(bench, irqs(DATA_EVENTFD | ACTION_TRIGGER, type.index, 0, 1))
    yield* set(bench, trigger)
    yield* counts(counter, 0n, "a vector without an eventfd any more")
    const again = yield* assigned(bench)
    yield* set(bench, irqs(DATA_NONE | ACTION_TRIGGER, type.index, 0, 0))
    yield* set(bench, trigger)
    yield* counts(again.counter, 0n, "a type that was disabled")
  })

const replaced = (bench: Bench) =>
  Effect.gen(function* () {
    const first = yield* assigned(bench)
    const second = yield* assigned(bench)
    yield* set(bench, irqs(DATA_NONE | ACTION_TRIGGER, first.type.index, 0, 1))
    yield* counts(first.counter, 0n, "an eventfd that was replaced")
    yield* counts(second.counter, 1n, "the one in its place")
  })

const wrongDescriptors = (bench: Bench) =>
  Effect.gen(function* () {
    const { counter, type } = yield* assigned(bench)
    const one = [counter.descriptor]
    const two = [...one, ...one]
    const flags = DATA_EVENTFD | ACTION_TRIGGER
    yield* refuse(
      bench,
      "a descriptor with bools",
      irqs(DATA_BOOL | ACTION_TRIGGER, type.index, 0, 1, Uint8Array.of(1)),
      one
    )
    yield* refuse(bench, "a descriptor without data", irqs(DATA_NONE | ACTION_TRIGGER, type.index, 0, 1), one)
    yield* refuse(bench, "two descriptors for one vector", irqs(flags, type.index, 0, 1), two)
    yield* bench.lives
  })

const gone = (bench: Bench) =>
  Effect.gen(function* () {
    const { counter, type } = yield* assigned(bench)
    const next = yield* bench.reconnected
    yield* set(next, irqs(DATA_NONE | ACTION_TRIGGER, type.index, 0, 1))
    yield* counts(counter, 0n, "an eventfd of a client that is gone")
  })

const sources = [textOf("DEVICE_SET_IRQS"), uapi("struct vfio_irq_set"), library("test/py/test_device_set_irqs.py")]

const refusal = (name: string, rule: string, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, needs: ["interrupts"], check })
const effect = (name: string, rule: string, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, needs: ["interrupts", "descriptors"], check })

export const interrupts: ReadonlyArray<Clause> = [
  refusal("irq.short", "a request cut short is refused", cutShort),
  refusal("irq.flags", "exactly one action and one kind of data are named", wrongFlags),
  refusal("irq.range", "vectors that are not there are refused", wrongRange),
  refusal("irq.bools", "there is one bool for each vector", wrongBools),
  refusal("irq.none", "triggers of what nobody waits for succeed", nothingAssigned),
  effect("irq.signal", "a trigger adds 1 to the eventfd of its vector", signals),
  effect("irq.release", "an eventfd that was taken away is signalled no more", releases),
  effect("irq.replace", "another eventfd takes the place of the first", replaced),
  effect("irq.descriptors", "there is one descriptor for each vector, and only with eventfd data", wrongDescriptors),
  effect("irq.disconnect", "eventfds end with the connection", gone)
]
