/**
 * Encodes, decodes and validations of a migration block per second, on the block of a busy VF with two SLAs, against the
 * floor: a copy of its 4096 bytes, into memory that is there already and into new memory. All rows take turns in one run.
 */
import { decodeBlock, encodeBlock, validateBlock } from "@stopcopy/qat"
import { Either } from "effect"
import { arch, cpus, platform } from "node:os"
import { samplePf, sampleBlock, vfNumber } from "../test/support/Sample.ts"

/** Samples of each row, the rows in turn; the first rounds warm up and do not count. */
const samples = 21
const warmUps = 3
/** Length of one sample, in milliseconds. */
const sampleMillis = 40
/** Calls between two looks at the clock. */
const callsAtOnce = 64

const block = sampleBlock(2)
const bytes = encodeBlock(block)
const target = new Uint8Array(bytes.length)

interface Row {
  readonly name: string
  /** Does it once; what it gives is added up, so that no call can be left out. */
  readonly once: () => number
  readonly rates: Array<number>
}

const row = (name: string, once: () => number): Row => ({ name, once, rates: [] })

const rows = [
  row("floor: copy into memory that is there", () => {
    target.set(bytes)
    return target[90] ?? 0
  }),
  row("floor: copy into new memory", () => bytes.slice()[90] ?? 0),
  row("encode", () => encodeBlock(block)[90] ?? 0),
  row("decode", () => Either.getOrThrow(decodeBlock(bytes)).setup.gencap),
  row("validate", () => validateBlock(bytes, samplePf, vfNumber).length)
]

let sum = 0
/** Calls per second over one sample. */
const measure = ({ once }: Row): number => {
  const start = performance.now()
  let [calls, now] = [0, start]
  while (now - start < sampleMillis) {
    for (let call = 0; call < callsAtOnce; call++) sum += once()
    calls += callsAtOnce
    now = performance.now()
  }
  return (calls * 1000) / (now - start)
}

for (let round = 0; round < warmUps + samples; round++) {
  for (const each of rows) {
    const rate = measure(each)
    if (round >= warmUps) each.rates.push(rate)
  }
}

const quantile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.round(part * (sorted.length - 1))] ?? 0

let floor: number | undefined
const lines = rows.map(({ name, rates }) => {
  const sorted = rates.toSorted((a, b) => a - b)
  const median = quantile(sorted, 0.5)
  floor ??= median
  const spread = ((quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median) * 100
  const rate = Math.round(median).toLocaleString("en-US").padStart(11)
  const micros = (1e6 / median).toFixed(2).padStart(7)
  const ratio = (floor / median).toFixed(1).padStart(6)
  return `${name.padEnd(38)} ${rate} /s ${micros} us  ${ratio} x floor  quartiles ${spread.toFixed(0).padStart(3)} % apart`
})

process.stdout.write(
  [
    `Node ${process.versions.node}, ${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}`,
    `median of ${samples} samples of ${sampleMillis} ms; block with ${block.state.general.slas.length} SLAs, 4096 bytes`,
    ...lines,
    "Not measured: a block that is refused, loading into a device, hashing, files, the journal, a cold start.",
    `(checksum ${sum})`,
    ""
  ].join("\n")
)
