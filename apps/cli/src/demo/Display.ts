/**
 * Progress of a few steps: on a terminal one line that is rewritten while a step goes on and stays when it is done, plain
 * lines otherwise. The text of a line is made by pure functions.
 */
import { Effect } from "effect"
import { eventLoopTurn } from "../EventLoop.ts"
import { Terminal } from "../Terminal.ts"

/** How far a step is. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly unit: string
}

/** What a step may fail with. */
interface Failed {
  readonly _tag: string
}

export interface Display {
  /** Prints lines that stay. */
  readonly say: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /**
   * Shows `label` while `work` goes on, and `label` with what `summary` makes of its result afterwards. `work` may report how
   * far it is.
   */
  readonly step: <A, E extends Failed, R>(
    label: string,
    work: (report: (progress: Progress) => Effect.Effect<void>) => Effect.Effect<A, E, R>,
    summary: (result: A) => string
  ) => Effect.Effect<A, E, R>
}

/** Width of a bar, and of a label, in characters. */
const barWidth = 24
const labelWidth = 20

/** `[#####-----]  45/90 bytes`. */
export const barText = ({ done, total, unit }: Progress): string => {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.round(share * barWidth)
  return `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}]  ${done}/${total} ${unit}`
}

/** A line of the display: a mark, a label in its column, a text. */
const lineText = (mark: string, label: string, text: string): string =>
  `  ${mark} ${label.padEnd(labelWidth)}  ${text}`.trimEnd()

/** Marks of a step that has ended, with and without ANSI. */
const marks = { done: "ok", failed: "!!" } as const
const coloured = { done: "\u001b[32m✓\u001b[0m ", failed: "\u001b[31m✗\u001b[0m " } as const
const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const
/** Back to the first column, and the rest of the line erased. */
const rewrite = "\r\u001b[2K"

/** The display on standard output. */
export const make: Effect.Effect<Display, never, Terminal> = Effect.map(
  Terminal,
  ({ ansi, columns, write }): Display => {
    let turn = 0
    const transient = (label: string, text: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (!ansi) return Effect.void
        const mark = `${spinner[turn++ % spinner.length]} `
        return write(`${rewrite}${lineText(mark, label, text).slice(0, columns - 1)}`)
      })
    const lasting = (mark: keyof typeof marks, label: string, text: string): Effect.Effect<void> =>
      write(`${ansi ? rewrite : ""}${lineText(ansi ? coloured[mark] : marks[mark], label, text)}\n`)
    return {
      say: (...lines) => write(`${lines.join("\n")}\n`),
      step: (label, work, summary) =>
        transient(label, "").pipe(
          Effect.zipRight(eventLoopTurn),
          Effect.zipRight(work((progress) => transient(label, barText(progress)))),
          Effect.tap((result) => lasting("done", label, summary(result))),
          Effect.tapError((error) => lasting("failed", label, `failed with ${error._tag}`))
        )
    }
  }
)
