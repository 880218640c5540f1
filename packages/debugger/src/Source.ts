/** Where the debugger reads: one journal, or one of the journals in a bundle, under a label that points and output name it by. */
import type { Journal } from "@stopcopy/runtime"
import type { Context } from "effect"

export interface Source {
  /** Short and unique among the sources that are read together; it holds no colon before a number. */
  readonly label: string
  readonly journal: Context.Tag.Service<Journal>
  /**
   * For a part of a journal: the link of the hash chain before an included batch whose predecessor is not included. A source
   * with this function may have gaps; without it every batch must be there.
   */
  readonly previousHash?: (batch: number) => Uint8Array | undefined
  /** What can be shown of an event whose payload was redacted: its JSON text with marks. States are never folded from it. */
  readonly redactedView?: (sequence: number) => string | undefined
  /** The same for the command of a batch. */
  readonly redactedCommand?: (batch: number) => string | undefined
}
