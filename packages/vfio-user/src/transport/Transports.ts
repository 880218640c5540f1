/** The transports by name: `best`, `descriptors`, `messages`. */
export { best, type TransportOptions } from "./best.ts"
export { descriptors, descriptorsThrough } from "./descriptors.ts"
export { messages } from "./messages.ts"
export type { Transport } from "./Transport.ts"
