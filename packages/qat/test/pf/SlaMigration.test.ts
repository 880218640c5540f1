/** SLAs of emulated devices on their way: carried with the VF, held against the destination's, and mended there by an update. */
import { assert, it } from "@effect/vitest"
import { decodeBlock } from "@stopcopy/qat"
import { Effect, Either } from "effect"
import { agree, copy, enter, go, layer, migrate, open } from "../driver/hosts.ts"
import { emulated } from "./emulated.ts"

const { _tag: _, ...pf } = emulated()
/** Symmetric crypto on ring pairs 5 and 7, which are banks 1 and 3 of VF 1; and one of another VF. */
const own = { service: 1, ringPairMask: 0xa0n, cir: 400, pir: 800 }
const other = { service: 1, ringPairMask: 0x2n, cir: 100, pir: 100 }
const host = (name: string, slas: ReadonlyArray<typeof own>) =>
  open(name, { pf: { ...pf, slas }, vf: { registerModel: "device" } })

it.effect("the VF's SLA is in the block, that of another VF is not; the same or higher rates take it", () =>
  Effect.gen(function* () {
    const [source, destination] = [yield* host("17", [other, own]), yield* host("65", [{ ...own, cir: 500, pir: 900 }])]
    yield* migrate(source, destination)
    const block = Either.getOrThrow(decodeBlock(source.driver.vf.unsafeState().block))
    assert.deepStrictEqual(block.state.general.slas, [own])
    assert.strictEqual(destination.driver.vf.unsafeState().migrationState, "RUNNING")
    yield* agree(source, destination)
  }).pipe(Effect.provide(layer))
)

it.effect(
  "rates below are refused at the load, and after an update of the destination's SLA the same session goes on",
  () =>
    Effect.gen(function* () {
      const [source, destination] = [yield* host("17", [own]), yield* host("65", [{ ...own, cir: 300 }])]
      const saving = yield* enter(source, "PRE_COPY")
      const resuming = yield* enter(destination, "RESUMING")
      yield* go(source, "STOP_COPY")
      yield* copy(saving, resuming, [512])
      const refused = yield* Effect.flip(go(destination, "STOP"))
      assert.include("refusal" in refused ? refused.refusal : {}, { code: "mstate.sla.cir", source: "400" })
      yield* destination.pf.ask({ _tag: "UpdateSla", slot: 0, cir: 400, pir: 800 })
      yield* go(destination, "STOP")
      yield* go(destination, "RUNNING")
      yield* agree(source, destination)
    }).pipe(Effect.provide(layer))
)

it.effect("without such an SLA the VF is refused, with more of them it is not", () =>
  Effect.gen(function* () {
    const [source, without] = [yield* host("17", [own]), yield* host("65", [other])]
    const refused = yield* Effect.flip(migrate(source, without))
    assert.include("refusal" in refused ? refused.refusal : {}, { code: "mstate.sla.absent" })
    const [plain, more] = [yield* host("ca", []), yield* host("e8", [other, own])]
    yield* migrate(plain, more)
    assert.strictEqual(more.driver.vf.unsafeState().migrationState, "RUNNING")
  }).pipe(Effect.provide(layer))
)
