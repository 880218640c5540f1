/** Paths into JSON values as text: `registers.bank0.ring0.TAIL`, `files.0.position`. A field's own name may hold dots. */
import type { Path } from "./Diff.ts"

/** The text of a path; empty for the value itself. */
export const formatPath = (path: Path): string => path.join(".")
