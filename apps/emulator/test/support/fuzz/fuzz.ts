/**
 * Hostile clients against a running emulator, while a guest works on another VF of it: every message is answered or ends its connection, the guest is
 * served meanwhile, and in the end the process is as it was: alive and well, with no more memory and no more descriptors.
 */
import { assert } from "@effect/vitest"
import { createMemfd, loadLibc, makeDescriptorHost, openEventfd, Transport } from "@stopcopy/vfio-user/transport"
import { Array, Effect, Either, Fiber, Function, type Scope } from "effect"
import { closeSync, openSync } from "node:fs"
import { Guest } from "../Guest.ts"
import { place, type Program, type Emulator, socketOf } from "../program.ts"
import { attack, Score } from "./Attack.ts"
import type { Hostility } from "./HostileClient.ts"
import { makeMemory, memoryBytes } from "./HostileMemory.ts"
import { numbersFrom } from "./Random.ts"

/** VFs that are attacked; the one behind them is the guest's. */
const attacked = 3

/** Batches of hostile clients that the server may have answered while it has one request of the guest. Both wait for the same loop of events. */
const fairBatches = 24

interface FuzzOptions {
  readonly seed: number
  readonly messages: number
  /** How often memory is looked at, after as many messages each time; after the first time code is compiled and buffers have their size. */
  readonly looks: number
  /** What the process may hold more in the end than at the first look, in bytes, garbage collected. */
  readonly growth: number
  /** What its resident set may grow, in bytes: pages of the heap that are free and not given back are in it. */
  readonly residentGrowth: number
}

/** What the process holds, in bytes: heap and buffers, and the resident set. */
interface Held {
  readonly held: number
  readonly resident: number
}

/** Descriptors of several kinds: memory, an eventfd, one that cannot be written, a folder. */
const descriptorsToPass: Effect.Effect<
  Pick<Hostility, "descriptors" | "closeDescriptor"> & { readonly transport: Transport.Transport },
  unknown,
  Scope.Scope
> = Effect.gen(function* () {
  const libc = yield* loadLibc
  const opened = (open: () => number) =>
    Effect.acquireRelease(Effect.sync(open), (descriptor) => Effect.sync(() => closeSync(descriptor)))
  const memory = yield* opened(() => Either.getOrThrow(createMemfd(libc, "hostile", memoryBytes)))
  const eventfd = yield* openEventfd(libc)
  const device = yield* opened(() => openSync("/dev/null", "r"))
  const folder = yield* opened(() => openSync("/", "r"))
  return {
    descriptors: [memory, eventfd.descriptor, device, folder],
    closeDescriptor: makeDescriptorHost(libc).close,
    transport: Transport.descriptorsThrough(libc)
  }
})

const healthy = ({ agent }: Emulator): Effect.Effect<void> =>
  Effect.promise(async () => {
    // A connection that is kept for the next call would be counted among the descriptors.
    const response = await fetch(`${agent}/healthz`, { headers: { connection: "close" } })
    const text = await response.text()
    assert.strictEqual(response.status, 200)
    assert.include(text, '"status":"ok"')
  })

/** The guest's turns until the attack is over: work of its rings, registers, config space; how far the others come in one of its requests. */
const guestAtWork = (guest: Guest, path: string, running: Emulator, score: Score, isOver: () => boolean) =>
  Effect.gen(function* () {
    const client = yield* guest.connect(path)
    yield* guest.setup
    let [turns, worst] = [0, 0]
    while (!isOver()) {
      const before = score.batches
      assert.strictEqual(yield* client.readWord(7, 0, 4), 0x4941_8086)
      worst = Math.max(worst, score.batches - before)
      yield* client.writeWord(0, 0x6104, 4, turns & 0x3f)
      assert.strictEqual(yield* client.readWord(0, 0x6104, 4), turns & 0x3f)
      yield* guest.work(guest.submitted + 4)
      if (turns % 64 === 0) yield* healthy(running)
      turns++
    }
    guest.settled()
    assert.isAtMost(worst, fairBatches)
    return { turns, worst }
  })

/** A VF does its work for whoever comes next. */
const works = (path: string) =>
  Effect.gen(function* () {
    const guest = new Guest()
    const client = yield* guest.connect(path)
    yield* client.reset
    yield* client.writeWord(7, 0x04, 2, 6)
    assert.strictEqual(yield* client.readWord(7, 0, 4), 0x4941_8086)
    yield* guest.setup
    yield* guest.work(20)
    guest.settled()
  }).pipe(Effect.scoped)

/** Lines of the log that tell of something that went wrong inside. */
const failuresIn = (logs: string): ReadonlyArray<string> =>
  logs.split("\n").filter((line) => line !== "" && !line.includes('"logLevel":"WARN"'))

const heldBy = (running: Emulator): Effect.Effect<Held> =>
  Effect.map(running.usage, ({ external, heapUsed, rss }) => ({ held: heapUsed + external, resident: rss }))

/** What the process holds after each part of the messages, and when `attacking` has ended. */
const watched = (
  running: Emulator,
  score: Score,
  attacking: Fiber.Fiber<void, string>,
  { looks, messages, seed }: FuzzOptions
) =>
  Effect.forEach(Array.makeBy(looks, Function.identity), (look) =>
    Effect.gen(function* () {
      yield* look + 1 < looks ? score.reached((messages * (look + 1)) / looks) : Fiber.join(attacking)
      const { held, resident } = yield* heldBy(running)
      yield* Effect.logDebug(`seed ${seed}: ${score.messages} messages: ${held} bytes held, ${resident} resident`)
      return { held, resident }
    })
  )

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** How much more something is in the last quarter of the looks than in the first: at any one moment the clients may have much or little under way. */
const grown = (looks: ReadonlyArray<Held>, of: (held: Held) => number): number => {
  const some = Math.ceil(looks.length / 4)
  return median(looks.slice(-some).map(of)) - median(looks.slice(0, some).map(of))
}

export const fuzz = (emulator: Program, options: FuzzOptions) => {
  const { growth, messages, residentGrowth, seed } = options
  return Effect.gen(function* () {
    const here = yield* place
    const { transport, ...descriptors } = yield* descriptorsToPass
    const pf = `a=4xxx:${attacked + 1},services=sym`
    const args = ["--pf", pf, "--drain-seconds", "0.1", "--log-level", "warning", ...here.args]
    const running = yield* emulator.serve(args, { isMeasured: true })
    const paths = Array.makeBy(attacked, (vf) => socketOf(here, "a", vf))
    const guestPath = socketOf(here, "a", attacked)
    // A VF that was used once has the file of its registers open.
    yield* Effect.forEach([...paths, guestPath], works, { discard: true })
    yield* healthy(running)
    const descriptorsBefore = running.descriptors
    /** Numbers of its own for each, so that what one does is the same whatever the others do. */
    const hostilities = paths.map((_, vf): Hostility => {
      const below = numbersFrom(seed * attacked + vf)
      return { below, memory: makeMemory(below), ...descriptors }
    })
    const score = new Score()
    const attacks = Effect.forEach(
      Array.zip(paths, hostilities),
      ([path, hostility]) => attack(transport, path, hostility, score, () => score.messages >= messages),
      { concurrency: "unbounded", discard: true }
    )
    const start = performance.now()
    let isOver = false
    const guest = new Guest()
    const working = yield* Effect.fork(Effect.scoped(guestAtWork(guest, guestPath, running, score, () => isOver)))
    const attacking = yield* Effect.fork(attacks)
    // Whichever fails first ends the run.
    const looks = yield* watched(running, score, attacking, options).pipe(
      Effect.raceFirst(Effect.zipRight(Fiber.join(attacking), Effect.never)),
      Effect.raceFirst(Effect.zipRight(Fiber.join(working), Effect.never))
    )
    isOver = true
    const { turns, worst } = yield* Fiber.join(working)
    const seconds = (performance.now() - start) / 1000
    yield* Effect.forEach(paths, works, { discard: true })
    yield* healthy(running)
    yield* Effect.repeat(healthy(running), { until: () => running.descriptors <= descriptorsBefore })
    const { code, stderr } = yield* running.kill("SIGTERM")
    assert.deepStrictEqual([code, failuresIn(stderr)], [0, []])
    const told = looks.map(({ held, resident }) => `${held} (${resident})`).join(", ")
    const message = `bytes held (resident): ${told}`
    const growths = [grown(looks, ({ held }) => held), grown(looks, ({ resident }) => resident)] as const
    assert.isAtMost(growths[0], growth, message)
    assert.isAtMost(growths[1], residentGrowth, message)
    return { score, seconds, turns, worst, told }
  }).pipe(Effect.onError((cause) => Effect.logError(`fuzz with seed ${seed}`, cause)))
}
