/** Group commits over drivers of tests, and appends for them. */
import { JournalFull } from "@stopcopy/runtime"
import type { AppendRequest, JournalDriver } from "@stopcopy/runtime"
import { Effect, Either } from "effect"
import { GroupCommit } from "../src/GroupCommit.ts"
import { asynchronousDriver, Gate, Script } from "./ScriptedDriver.ts"
import { json, own, request } from "./journal.contract.ts"

/** What a driver without space fails with. */
export const full = new JournalFull({ journal: "memory" })

/** A *durable* append of one event. */
export const one = (stream: string, expected: number, more: Partial<AppendRequest> = {}) =>
  request([own(stream, expected)], [json(1)], { durability: "durable", command: null, ...more })

/** An append of so many bytes. */
export const sized = (stream: string, bytes: number) =>
  one(stream, 0, { records: [{ ...json(0), payload: new Uint8Array(bytes) }] })

/** A group over a driver; `told` has a line for each outcome, in the order in which they were told. */
export const groupOver = (driver: JournalDriver, takeIn = (): Either.Either<void, JournalFull> => Either.void) => {
  const told: Array<string> = []
  let commits = 0
  const group = new GroupCommit(driver, () => commits++, takeIn)
  const submit = (name: string, sent: AppendRequest) =>
    group.submit(sent, (outcome) =>
      told.push(
        Either.match(outcome, {
          onLeft: (error) => `${name} ${error._tag}`,
          onRight: ({ first }) => `${name} ${first}`
        })
      )
    )
  return { group, told, submit, commits: () => commits }
}

/** Everything submitted has an outcome. */
export const settled = (group: GroupCommit) => Effect.suspend(() => group.drain() ?? Effect.void)

/** A group over an asynchronous driver whose commits wait at a gate that is closed. */
export const heldGroup = () => {
  const script = new Script()
  const gate = new Gate()
  gate.close()
  return { gate, script, ...groupOver(asynchronousDriver(script, { commits: gate, reads: new Gate() })) }
}
