/** A few steps, one line each: on a terminal it is there while the step goes on and is rewritten when it is done; plain lines otherwise. */
import { Effect } from "effect"
import { eventLoopTurn } from "../EventLoop.ts"
import { Terminal } from "../Terminal.ts"

/** What a step may fail with. */
interface Failed {
  readonly _tag: string
}

export interface Display {
  /** Prints lines that stay. */
  readonly say: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Shows `label` while `work` goes on, and `label` with what `summary` makes of its result afterwards. */
  readonly step: <A, E extends Failed, R>(
    label: string,
    work: Effect.Effect<A, E, R>,
    summary: (result: A) => string
  ) => Effect.Effect<A, E, R>
}

/** Width of a label, in characters. */
const labelWidth = 20

/** A line of the display: a mark, a label in its column, a text. */
const lineText = (mark: string, label: string, text: string): string =>
  `  ${mark} ${label.padEnd(labelWidth)}  ${text}`.trimEnd()

/** Marks of a step that has ended, with and without ANSI; and of one that goes on, which only a terminal shows. */
const marks = { done: "ok", failed: "!!" } as const
const coloured = { done: "\u001b[32m✓\u001b[0m ", failed: "\u001b[31m✗\u001b[0m " } as const
const underway = "⠋ "
/** Back to the first column, and the line erased: that of a step that was interrupted, too. */
const rewrite = "\r\u001b[2K"

/** The display on standard output. */
export const make: Effect.Effect<Display, never, Terminal> = Effect.map(
  Terminal,
  ({ ansi, columns, write }): Display => {
    const transient = (label: string): Effect.Effect<void> =>
      ansi ? write(`${rewrite}${lineText(underway, label, "").slice(0, columns - 1)}`) : Effect.void
    const lasting = (mark: keyof typeof marks, label: string, text: string): Effect.Effect<void> =>
      write(`${ansi ? rewrite : ""}${lineText(ansi ? coloured[mark] : marks[mark], label, text)}\n`)
    return {
      say: (...lines) => write(`${ansi ? rewrite : ""}${lines.join("\n")}\n`),
      step: (label, work, summary) =>
        transient(label).pipe(
          Effect.zipRight(eventLoopTurn),
          Effect.zipRight(work),
          Effect.tap((result) => lasting("done", label, summary(result))),
          Effect.tapError((error) => lasting("failed", label, `failed with ${error._tag}`))
        )
    }
  }
)
