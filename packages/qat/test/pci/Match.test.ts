/** Names that a user may open a VF by. */
import { assert, it } from "@effect/vitest"
import { newDevice } from "./vfio.ts"
import { Effect, Either } from "effect"
import { layer } from "../driver/hosts.ts"

const uuid = "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3"
const name = "17:00.1"

const names: ReadonlyArray<readonly [text: string, is: boolean | string]> = [
  [name, true],
  [`${name}   `, true],
  ["65:00.1", false],
  ["17:00", false],
  [`${name}0`, false],
  [`${name}\t`, false],
  [`${name} vf_token=${uuid}`, "match.token.needless"],
  [`${name}  vf_token=${uuid.toUpperCase()} `, "match.token.needless"],
  [`${name} vf_token=`, "match.token"],
  [`${name} vf_token=${uuid.slice(1)}`, "match.token"],
  [`${name} vf_token=${uuid.replace("-", "_")}`, "match.token"],
  [`${name} vf_token=${uuid} vf_token=${uuid}`, "match.option"],
  [`${name} vf_token=${uuid}x`, "match.option"],
  [`${name} token=${uuid}`, "match.option"]
]

it.scoped("a name, and what may stand behind it", () =>
  Effect.gen(function* () {
    const { device } = yield* newDevice("17")
    for (const [text, is] of names) {
      const found = Either.getOrElse(device.match(text), ({ refusal }) => refusal?.code)
      assert.strictEqual(found, is, text)
    }
  }).pipe(Effect.provide(layer))
)
