/** A register file by names, as a journal or a debugger shows it; both ways without loss. */
import { Schema } from "effect"
import { csrs, miscRegisters, ringRegisters, ringsPerBank } from "./Registers.ts"
import { registerWords } from "./RegisterFile.ts"
import { U32 } from "./Unsigned.ts"

const Words = Schema.Record({ key: Schema.String, value: U32 })

/** Name of every word, in the order of the register file. */
const names: ReadonlyArray<string> = [
  ...[0, 1, 2, 3].flatMap((bank) => [
    ...csrs.map(({ name }) => `bank${bank}.${name}`),
    ...Array.from({ length: ringsPerBank }, (_, ring) =>
      ringRegisters.map(({ name }) => `bank${bank}.ring${ring}.${name}`)
    ).flat(),
    `bank${bank}.latches`
  ]),
  ...miscRegisters.map(({ name }) => name)
]

const ArrayOfWords = Schema.instanceOf(Uint32Array).pipe(Schema.filter((file) => file.length === registerWords))

/** Words that are 0 are left out; a missing name reads as 0. */
export const RegisterFileFromNames = Schema.transform(Words, ArrayOfWords, {
  strict: true,
  decode: (words) => Uint32Array.from(names, (name) => words[name] ?? 0),
  encode: (file) =>
    Object.fromEntries(names.map((name, index) => [name, file[index] ?? 0] as const).filter(([, value]) => value !== 0))
})
