/** What an operator says of where traces go. */

/** What is wrong with the URL of a collector; undefined if nothing is. */
export const traceUrlMistake = (text: string): string | undefined =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
    ? undefined
    : `'${text}' is no URL; write that of a collector, such as http://127.0.0.1:4318/v1/traces`
