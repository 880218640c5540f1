/** A batch as a line of text, or as JSON: where and when, the command that led to it, its context. */
import type { Batch } from "@stopcopy/debugger"
import { Either } from "effect"
import { commandSummary, parsed } from "./Summary.ts"
import { clockText, timeText } from "./TimelineText.ts"

const commandText = ({ batch, command, source }: Batch): string =>
  command === null ? "without a command" : commandSummary(command, source.redactedCommand?.(batch))

/** `batch 12  22:17:55.011607  vf/0000:6b:00.2 <- Move to=STOP (4)`; the journal's label in front if there are `several`. */
export const batchText = (batch: Batch, several: boolean): string => {
  const stream = batch.command?.stored.stream ?? batch.moments[0]?.envelope.stream ?? ""
  const place = several ? `${batch.source.label} batch ${batch.batch}` : `batch ${batch.batch}`
  return `${place}  ${clockText(batch.time)}  ${stream} <- ${commandText(batch)}`
}

const commandFields = ({ batch, command, source }: Batch): object | null => {
  if (command === null) return null
  const { stream } = command.stored
  if (Either.isRight(command.command)) return { stream, payload: parsed(command.command.right.json) }
  const view = source.redactedCommand?.(batch)
  const shown = view === undefined ? {} : { redacted: parsed(view) }
  return { stream, problem: command.command.left, ...shown }
}

/** A batch without its events, as a JSON value. */
export const batchFields = (batch: Batch): object => ({
  journal: batch.source.label,
  batch: batch.batch,
  time: timeText(batch.time),
  correlation: batch.correlation,
  causation: batch.causation,
  command: commandFields(batch)
})
