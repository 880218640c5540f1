/** Rule: nothing is left for later, and nothing tells of the place where a file was written. */
import type { Finding, Source } from "./Source.ts"

/** Reports comments that put work off. */
export const postponed = (source: Source): ReadonlyArray<Finding> =>
  source.comments.flatMap((comment) => {
    const [word] = /\b(TODO|FIXME|XXX|HACK)\b/.exec(comment.value) ?? []
    return word === undefined ? [] : [source.at(comment.start, `no ${word}: do it, or open an issue`)]
  })

/** Paths of a machine, not of the project. Written in parts, so that this file does not report itself. */
const places = [
  ["/", "work/"],
  ["/", "root/"],
  ["/", "home/"],
  ["/", "tmp/bash"],
  ["../", "shared"],
  [".", "library/"]
].map((parts) => parts.join(""))

/** Reports paths of the machine on which a text was written. */
export const workplaces = (path: string, text: string): ReadonlyArray<Finding> =>
  text
    .split("\n")
    .flatMap((content, index) =>
      places
        .filter((place) => content.includes(place))
        .map((place) => ({ path, line: index + 1, reason: `no path of one machine: ${place}` }))
    )
