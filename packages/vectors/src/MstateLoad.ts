/** `mstate-load.json`: parsing a block and programming a device: results, registers, and every write in order. */
import { MigrationOps, Turn } from "@stopcopy/qat"
import { Either, Schema } from "effect"
import { blockFromHex, Config, Device, deviceOf, factsOf } from "./Config.ts"
import { compare } from "./Mismatch.ts"
import { freshTurn } from "./MstateSave.ts"

const Call = Schema.Struct({
  op: Schema.Literal("load_setup", "load_state", "reset"),
  /** Bytes that have arrived, for `load_setup`. */
  len: Schema.optional(Schema.Int),
  ret: Schema.optional(Schema.Int),
  remote_setup_size: Schema.Int
})

export const Case = Schema.Struct({
  id: Schema.String,
  dst: Config,
  blob: Schema.String,
  calls: Schema.Array(Call),
  after: Device,
  writes: Schema.Array(Schema.Array(Schema.Int))
})

const perform = (turn: Turn.Turn, config: Config, call: typeof Call.Type): number => {
  const pf = factsOf(config)
  switch (call.op) {
    case "load_setup": {
      const result = MigrationOps.loadSetup(turn, call.len ?? 0, pf)
      return Either.isLeft(result) ? -result.left.errno : 0
    }
    case "load_state": {
      const result = MigrationOps.loadState(turn, 4096, pf)
      return Either.isLeft(result) ? -result.left.errno : 0
    }
    case "reset":
      MigrationOps.reset(turn)
      return 0
  }
}

export const run = (one: typeof Case.Type): ReadonlyArray<string> => {
  const turn = freshTurn(one.dst)
  Turn.emit(turn, { _tag: "BlockReceived", offset: 0, bytes: blockFromHex(one.blob) })
  const calls = one.calls.flatMap((call, index) => {
    const ret = perform(turn, one.dst, call)
    return [
      ...compare(`call ${index} ${call.op} ret`, call.ret ?? 0, ret),
      ...compare(`call ${index} ${call.op} remote_setup_size`, call.remote_setup_size, turn.state.remoteSetupSize)
    ]
  })
  const writes = turn.events.flatMap((event) => (event._tag === "StateLoaded" ? event.writes : []))
  return [...calls, ...compare("after", one.after, deviceOf(turn.state)), ...compare("writes", one.writes, writes)]
}
