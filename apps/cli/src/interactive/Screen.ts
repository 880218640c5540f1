/** The terminal of the interactive mode: keys in, whole screens out. What it was before comes back when the scope ends. */
import { Effect, Queue, type Scope } from "effect"
import { emitKeypressEvents } from "node:readline"
import { Misuse } from "../Outcome.ts"
import { columnsOf, Terminal } from "../Terminal.ts"
import type { Key } from "./Ui.ts"
import type { Line, Size } from "./View.ts"

/** What comes from the terminal: a key, a new size, the wish to be interrupted, the end of its input. */
export type Input = { readonly _tag: "Key"; readonly key: Key } | { readonly _tag: "Resized" | "Interrupted" | "Ended" }

export interface Screen {
  readonly inputs: Queue.Dequeue<Input>
  readonly size: () => Size
  readonly draw: (lines: ReadonlyArray<Line>) => Effect.Effect<void>
}

/** Rows that are assumed where a terminal says none. */
const usualRows = 24

const escape = "\u001b["
/** The alternate screen, without a cursor; and back. */
const enter = `${escape}?1049h${escape}?25l`
const leave = `${escape}?25h${escape}?1049l`

const styles: Readonly<Record<Line["style"], string>> = { plain: "", cursor: "7", failure: "31", quiet: "2" }

const styled = ({ style, text }: Line, colours: boolean): string => {
  const code = styles[style]
  return colours && code !== "" ? `${escape}${code}m${text}${escape}0m` : text
}

/** A screen from its first line on; each line is cleared behind its text. */
const drawn = (lines: ReadonlyArray<Line>, colours: boolean): string =>
  `${escape}H${lines.map((line) => `${styled(line, colours)}${escape}K`).join("\r\n")}`

/** What Node tells about a key. */
interface Pressed {
  readonly name?: string | undefined
  readonly ctrl?: boolean | undefined
  readonly meta?: boolean | undefined
  /** What was read. */
  readonly sequence?: string | undefined
}

/**
 * What Ctrl-D is read as when it is typed before the program has taken the terminal over: its driver, which then still puts lines
 * together, keeps an end of input as NUL.
 */
const earlyEnd = "\u0000"

const inputOf = (text: string | undefined, { ctrl, meta, name, sequence }: Pressed): Input => {
  if (ctrl === true && name === "c") return { _tag: "Interrupted" }
  if ((ctrl === true && name === "d") || text === earlyEnd || sequence === earlyEnd) return { _tag: "Ended" }
  const typed = text !== undefined && ctrl !== true && meta !== true && /^\P{Cc}+$/u.test(text) ? text : ""
  return { _tag: "Key", key: { name: name ?? "", text: typed } }
}

/** Listens to the terminal until the scope ends. */
const listen = (inputs: Queue.Enqueue<Input>): Effect.Effect<void, never, Scope.Scope> => {
  const { stdin, stdout } = process
  const onKey = (text: string | undefined, key: Pressed) => void inputs.unsafeOffer(inputOf(text, key))
  const onResize = () => void inputs.unsafeOffer({ _tag: "Resized" })
  const onEnd = () => void inputs.unsafeOffer({ _tag: "Ended" })
  const start = Effect.sync(() => {
    emitKeypressEvents(stdin)
    stdin.setRawMode(true)
    // A terminal that is gone closes its input, or fails to be read.
    stdin.on("keypress", onKey).on("end", onEnd).on("close", onEnd).on("error", onEnd).resume()
    if (stdin.readableEnded || stdin.destroyed) onEnd()
    stdout.on("resize", onResize)
  })
  const stop = Effect.sync(() => {
    stdout.off("resize", onResize)
    stdin.off("keypress", onKey).off("end", onEnd).off("close", onEnd).pause()
    if (!stdin.destroyed) stdin.setRawMode(false)
    stdin.off("error", onEnd)
  })
  return Effect.acquireRelease(start, () => stop)
}

/** Takes the terminal over. */
export const openScreen: Effect.Effect<Screen, never, Terminal | Scope.Scope> = Effect.gen(function* () {
  const { ansi, write } = yield* Terminal
  const inputs = yield* Queue.unbounded<Input>()
  yield* Effect.acquireRelease(write(enter), () => write(leave))
  yield* listen(inputs)
  return {
    inputs,
    size: () => ({ columns: columnsOf(process.stdout), rows: process.stdout.rows || usualRows }),
    draw: (lines) => write(drawn(lines, ansi))
  }
})

/** Refuses standard input or output that is no terminal, before anything is read. */
export const requireTerminal: Effect.Effect<void, Misuse> = Effect.suspend(() =>
  process.stdin.isTTY && process.stdout.isTTY
    ? Effect.void
    : new Misuse({ message: "--interactive needs a terminal: leave it out to print the timeline" })
)
