/** Tells a screen reader what has changed on the page, in one polite region for all of it. */
import { Store } from "../store/Store.ts"

/** `count` makes the same text again a change. */
export const announced = new Store({ text: "", count: 0 })

export const announce = (text: string): void => announced.update(({ count }) => ({ text, count: count + 1 }))
