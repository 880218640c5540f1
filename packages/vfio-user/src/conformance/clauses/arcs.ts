/**
 * Every pair of migration states, and numbers that no state has. The way from one state to another is that of `vfio_mig_get_next_state`, which
 * libvfio-user has too for the states it knows.
 */
import { MigrationFlags, MigrationStates, type MigrationState, Path } from "@stopcopy/vfio"
import { Effect } from "effect"
import { type Bench, good } from "../Bench.ts"
import { type Clause, clause, library, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL } from "../errnos.ts"
import { isGood } from "../Facts.ts"
import { getFeature, wordAt } from "../requests.ts"
import { Command } from "../../Command.ts"
import { enter } from "./sessions.ts"

const toNumber = MigrationStates.toNumber

/** Requests `to` from `from`: where the kernel's table leads, it must lead; elsewhere EINVAL, and the state stays. */
const pair = (from: MigrationState, to: number) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* enter(bench, from)
    const { end, error } = Path.walk(bench.facts.migration, toNumber(from), to)
    const reply = yield* bench.request(to)
    const found = yield* bench.state
    if (error === undefined) yield* good(reply)
    else if (isGood(reply) || reply.error !== EINVAL) {
      return yield* new Broken({ expected: "EINVAL", found: isGood(reply) ? "success" : `errno ${reply.error}` })
    }
    if (found !== end) {
      return yield* new Broken({
        expected: `state ${MigrationStates.describeNumber(end)}`,
        found: MigrationStates.describeNumber(found)
      })
    }
    return error === undefined ? undefined : "EINVAL"
  })

const sources = [
  uapi("enum vfio_device_mig_state"),
  textOf("DEVICE_FEATURE"),
  "drivers/vfio/vfio_main.c, vfio_mig_get_next_state",
  library("lib/migration.c; test/py/test_migration.py")
]

const origins = MigrationStates.all.filter((state) => state !== "ERROR")
/** All states, and numbers that are none. */
const targets = [...MigrationStates.all.keys(), 8, 0xabcd]

const nameOf = (number: number): string => MigrationStates.all[number] ?? String(number)

const pairs = origins.flatMap((from) =>
  targets.map((to) =>
    clause({
      name: `arc.${from}.${nameOf(to)}`,
      rule: `from ${from} a request for ${nameOf(to)} leads where the table says, or is refused`,
      sources,
      needs: ["migration"],
      check: pair(from, to)
    })
  )
)

const flags = (bench: Bench) =>
  Effect.gen(function* () {
    const payload = yield* bench.succeeds(Command.DEVICE_FEATURE, getFeature(1, 8), 16)
    const [low, high] = [wordAt(payload, 8), wordAt(payload, 12)]
    if (high !== 0 || !MigrationFlags.isDefined(low)) {
      return yield* new Broken({ expected: "STOP_COPY, with P2P or PRE_COPY or both", found: `flags ${low}, ${high}` })
    }
    return MigrationFlags.describe(low)
  })

export const arcs: ReadonlyArray<Clause> = [
  clause({
    name: "migration.flags",
    rule: "the flags of feature MIGRATION are ones that there are",
    sources: [uapi("struct vfio_device_feature_migration"), textOf("DEVICE_FEATURE")],
    needs: ["migration"],
    check: flags
  }),
  clause({
    name: "migration.initial",
    rule: "a device is RUNNING as it begins and after a reset",
    sources,
    needs: ["migration"],
    check: (bench) => bench.isIn("RUNNING")
  }),
  ...pairs
]
