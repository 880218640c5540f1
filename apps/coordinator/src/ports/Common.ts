/** What any call of a port may fail with, besides what it names. */
import type { Broken, InvalidRequest, TooManyRequests, Unavailable } from "@stopcopy/coordinator-api"

export type Common = InvalidRequest | TooManyRequests | Broken | Unavailable
