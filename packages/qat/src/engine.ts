/** What `@stopcopy/qat/engine` offers: the work behind a VF's rings. Needs Node's own crypto and compression. */
export { Dma, type DmaAccess, DmaFault, overRegions, type Region } from "./engine/Dma.ts"
export * as Engine from "./engine/Engine.ts"
export { Pace } from "./engine/Pace.ts"
export { gen4Maxima, type Maxima, RateLimiter } from "./engine/RateLimit.ts"
