/** Tapes in files: `@stopcopy/runtime/tapes`. For Node. The port is `Tape` of `@stopcopy/runtime`. */
export { tapeFileName } from "./tape/files.ts"
export type { FileCalls } from "./tape/files.ts"
export { tapeFormat } from "./tape/header.ts"
export { openTapes, openTapesWith } from "./tape/openTapes.ts"
export type { TapesOptions } from "./tape/openTapes.ts"
export { readTails } from "./tape/readTails.ts"
export type { TapeTail } from "./tape/readTails.ts"
