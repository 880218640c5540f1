/**
 * When two devices are the same after a migration: values by name in sections, with a digest for each section and one over all.
 * A device makes its own (`MigratedView` of `@stopcopy/qat`); here they are compared. Source: `docs/architecture.md`.
 */
import { Schema } from "effect"

/** Values by section and name, as text. */
export const View = Schema.Record({
  key: Schema.String,
  value: Schema.Record({ key: Schema.String, value: Schema.String })
})
export type View = typeof View.Type

/** Digests of a view, lower-case hex. Equal views have equal digests. */
export const Digests = Schema.Struct({
  sections: Schema.Record({ key: Schema.String, value: Schema.String }),
  whole: Schema.String
})
export type Digests = typeof Digests.Type

/** Where two sides differ; `absent` where one has no such field. */
export interface Difference {
  /** `section.name` */
  readonly field: string
  readonly source: string
  readonly destination: string
}

const absent = "absent"

const differenceIn = (
  section: string,
  source: Readonly<Record<string, string>>,
  destination: Readonly<Record<string, string>>
): Difference | undefined => {
  for (const name of new Set([...Object.keys(source), ...Object.keys(destination)])) {
    const [here, there] = [source[name] ?? absent, destination[name] ?? absent]
    if (here !== there) return { field: `${section}.${name}`, source: here, destination: there }
  }
  return undefined
}

/** The first field in which two views differ, in the source's order; fields that only the destination has come last. */
export const firstDifference = (source: View, destination: View): Difference | undefined => {
  for (const section of new Set([...Object.keys(source), ...Object.keys(destination)])) {
    const difference = differenceIn(section, source[section] ?? {}, destination[section] ?? {})
    if (difference !== undefined) return difference
  }
  return undefined
}

/** The sections whose digests differ, those that one side lacks included. */
export const differingSections = (source: Digests, destination: Digests): ReadonlyArray<string> =>
  [...new Set([...Object.keys(source.sections), ...Object.keys(destination.sections)])].filter(
    (section) => source.sections[section] !== destination.sections[section]
  )
