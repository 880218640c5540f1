/** What standard output can show: colours and rewritten lines on a terminal, plain text everywhere else. */
import { Context, Effect, Layer } from "effect"
import { mayColour } from "./PlainConsole.ts"

/** Width that is assumed where a terminal does not say it, or says 0. */
const usualColumns = 80

/** The width that output says it has, or the usual one. */
export const columnsOf = (output: { readonly columns?: number | undefined }): number =>
  output.columns === undefined || output.columns < 1 ? usualColumns : output.columns

export class Terminal extends Context.Tag("@stopcopy/cli/Terminal")<
  Terminal,
  {
    /** Whether ANSI sequences may be written: a terminal, and NO_COLOR is not set. */
    readonly ansi: boolean
    /** Width in characters. */
    readonly columns: number
    /** Writes text as it is, without a new line. */
    readonly write: (text: string) => Effect.Effect<void>
    /** How this program was called, for commands that it recommends. */
    readonly program: string
  }
>() {
  /** The process's standard output. */
  static readonly layerProcess = (program: string): Layer.Layer<Terminal> =>
    Layer.sync(Terminal, () => ({
      ansi: mayColour(process.stdout),
      columns: columnsOf(process.stdout),
      write: (text) => Effect.sync(() => void process.stdout.write(text)),
      program
    }))
}
