/** A line that is rewritten while something goes on, on a terminal; and lines that stay, everywhere. */
import { Effect } from "effect"
import { withoutControls } from "../Lines.ts"
import { Terminal } from "../Terminal.ts"

/** Back to the first column, and the line erased. */
const rewrite = "\r\u001b[2K"

export interface Live {
  /** Whether a line can be rewritten; if not, only what stays is shown. */
  readonly rewrites: boolean
  /** Shows this in place of what `now` has shown before, cut to the width of the terminal. */
  readonly now: (text: string) => Effect.Effect<void>
  /** Lines that stay. */
  readonly say: (lines: ReadonlyArray<string>) => Effect.Effect<void>
}

/** On standard output; `quiet`: nothing is shown. */
export const makeLive = (quiet: boolean): Effect.Effect<Live, never, Terminal> =>
  Effect.map(Terminal, ({ ansi, columns, write }): Live => {
    const rewrites = ansi && !quiet
    return {
      rewrites,
      now: (text) => (rewrites ? write(`${rewrite}${withoutControls(text).slice(0, columns - 1)}`) : Effect.void),
      say: (lines) =>
        quiet || lines.length === 0
          ? Effect.void
          : write(`${rewrites ? rewrite : ""}${lines.map(withoutControls).join("\n")}\n`)
    }
  })
