/** What `@stopcopy/service/process` offers: the process of a program, from its arguments to its exit code. Node only. */
export { endAsked } from "./process/endAsked.ts"
export { readJson } from "./process/readJson.ts"
export { type ProcessOptions, runProcess } from "./process/runProcess.ts"
