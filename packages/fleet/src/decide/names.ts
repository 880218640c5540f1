/** What ids of migrations, groups and evacuations look like. */
import type { Refusal } from "@stopcopy/errno"
import { because } from "../Refused.ts"

const pattern = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/

/** Why this is no name; nothing if it is one. */
export const nameRefusals = (what: "migration" | "group" | "evacuation", name: string): Array<Refusal> => {
  if (pattern.test(name)) return []
  const rule = "a name has 1 to 128 letters, digits and . _ : / -, and begins with a letter or digit"
  return [because(`fleet.${what}.name`, rule, what, name, String(pattern), "choose another name")]
}
