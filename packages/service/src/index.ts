/** What `@stopcopy/service` offers to every program; what needs Node is in `@stopcopy/service/process` and `/listen`. */
export { Arguments, type CommandOptions } from "./Arguments.ts"
export { logging, logLevels } from "./Logging.ts"
export { exitCodes, Failed, Misuse } from "./Outcome.ts"
export { traceUrlMistake } from "./traceUrl.ts"
export { type Problem, problem, problemLines, problemsOf } from "./Problem.ts"
