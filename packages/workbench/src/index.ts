/** What tests and benchmarks of this repository share. */
export { bundled } from "./bundled.ts"
export { type Authority, type Certificate, makeAuthority } from "./certificates.ts"
export { collect, millisOf, rateOf, rowsOf, type Subject, takeTurns } from "./measure.ts"
export { inFolder, place, placeWarning } from "./place.ts"
export { type Comparison, type Row, type Section, sectionText, type Word } from "./report.ts"
export { consoleSite } from "./site.ts"
export { bundleApp, bundleAppAt, bundleMillis, type Ended, Running, spawned, started } from "./Running.ts"
