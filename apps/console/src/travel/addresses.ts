/** The address of the page as the browser keeps it. */
import type { Addresses } from "./Travelling.ts"

export const browserAddresses: Addresses = {
  query: () => location.search,
  show: (query, isNew) => {
    const address = query === "" ? location.pathname : `${location.pathname}?${query}`
    if (isNew) history.pushState(null, "", address)
    else history.replaceState(null, "", address)
  },
  onMove: (listener) => {
    addEventListener("popstate", listener)
    return () => removeEventListener("popstate", listener)
  }
}
