/** What can be wrong with a question to the debugger. None is retryable: ask something else. */
import { Schema } from "effect"

/** The point is not written as points are, or names no source. */
export class InvalidPoint extends Schema.TaggedError<InvalidPoint>()("InvalidPoint", {
  point: Schema.String,
  labels: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const [only, ...others] = this.labels
    const form =
      others.length === 0
        ? "write the sequence of an event, such as 17"
        : `write LABEL:SEQUENCE, such as ${only}:17; the labels are ${this.labels.join(", ")}`
    return `'${this.point}' is no point: ${form}`
  }
}

/** The source has no such event. */
export class NoSuchEvent extends Schema.TaggedError<NoSuchEvent>()("NoSuchEvent", {
  source: Schema.String,
  sequence: Schema.Int,
  first: Schema.Int,
  last: Schema.Int
}) {
  override get message(): string {
    const range = this.last < this.first ? "it has no events" : `its events are ${this.first} to ${this.last}`
    return `${this.source} has no event ${this.sequence}: ${range}`
  }
}

/** A pattern that is no regular expression. */
export class InvalidPattern extends Schema.TaggedError<InvalidPattern>()("InvalidPattern", {
  pattern: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `'${this.pattern}' is no regular expression: ${this.reason}`
  }
}

/** No state of the actor ever had such a field; `fields` are those at the level where the path leaves it. */
export class NoSuchField extends Schema.TaggedError<NoSuchField>()("NoSuchField", {
  stream: Schema.String,
  field: Schema.String,
  /** The part of the path that there is; empty for the state itself. */
  within: Schema.String,
  fields: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const place = this.within === "" ? "the state" : this.within
    const there = this.fields.length === 0 ? "has no fields" : `has ${this.fields.join(", ")}`
    return `${this.stream} has no field ${this.field}: ${place} ${there}`
  }
}

/** A tree is held in memory as a whole. */
export class TreeTooLarge extends Schema.TaggedError<TreeTooLarge>()("TreeTooLarge", { limit: Schema.Int }) {
  override get message(): string {
    return `the tree has more than ${this.limit} batches: narrow it with a filter, or use the table`
  }
}
