/** What `@stopcopy/errno` offers. */
export * from "./Errno.ts"
export { Refusal, describe } from "./Refusal.ts"
