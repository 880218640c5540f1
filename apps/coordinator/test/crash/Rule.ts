/** What is said between a test and a process that is to end at an event. */

/**
 * At every such event, or at the `nth` since the rule was given, the process ends, or stands still until it is told to go on. `event`: one event of a batch, or all of
 * them with commas between.
 */
export interface Rule {
  /** What it is for, told back when it is met. */
  readonly what: "kill" | "cancel" | "drain"
  readonly event: string
  readonly nth?: number
  readonly when: "before" | "after"
  readonly does: "ends" | "stands"
}

/** A line of the process. */
export type Told =
  | { readonly _tag: "Batch"; readonly batch: string; readonly nth: number }
  | { readonly _tag: "Met"; readonly what: Rule["what"]; readonly does: Rule["does"] }
  /** The rules that were sent last are in force. */
  | { readonly _tag: "Obeys" }
