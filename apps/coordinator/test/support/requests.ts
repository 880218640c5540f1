/** Requests as anybody may send them, right or wrong. */
import { Effect } from "effect"

export interface Sent {
  readonly method: string
  readonly path: string
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined: it is no JSON. */
  readonly json: unknown
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Sends one request, and reads its answer to the end. */
export const send = (url: string, { body, headers = {}, method, path }: Sent): Effect.Effect<Answered> =>
  Effect.promise(async () => {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    const type = body === undefined ? {} : { "content-type": "application/json" }
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { body: text })
    })
    const read = await response.text()
    return { status: response.status, headers: response.headers, text: read, json: parsed(read) }
  })
