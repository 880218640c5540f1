/** `mstate-save.json`: the block that a fresh device saves, byte for byte. */
import { MigrationOps, Turn, Vf } from "@stopcopy/qat"
import { Schema } from "effect"
import { blockFromHex, Config, factsOf, probeOf } from "./Config.ts"
import { compare } from "./Mismatch.ts"

export const Case = Schema.Struct({
  id: Schema.String,
  config: Config,
  setup_size: Schema.Int,
  /** Hex without trailing zeroes. */
  setup_block: Schema.String,
  /** Offset of the first byte behind the state part. */
  state_end: Schema.Int,
  full_block: Schema.String
})

/** A turn on the device of a configuration, probed and open. */
export const freshTurn = (config: Config): Turn.Turn => {
  const turn = Turn.begin(Vf.behavior.initial)
  for (const event of Vf.decide(turn.state, probeOf(config)).events) Turn.emit(turn, event)
  MigrationOps.open(turn)
  return turn
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

export const run = (one: typeof Case.Type): ReadonlyArray<string> => {
  const pf = factsOf(one.config)
  const setup = freshTurn(one.config)
  MigrationOps.saveSetup(setup, pf)
  const full = freshTurn(one.config)
  MigrationOps.saveState(full, pf)
  const saved = full.events.find((event) => event._tag === "StateSaved")
  return [
    ...compare("setup_size", one.setup_size, setup.state.setupSize),
    ...compare("setup_block", hex(blockFromHex(one.setup_block)), hex(setup.state.block)),
    ...compare("state_end", one.state_end, saved === undefined ? null : saved.offset + saved.bytes.length),
    ...compare("full_block", hex(blockFromHex(one.full_block)), hex(full.state.block))
  ]
}
