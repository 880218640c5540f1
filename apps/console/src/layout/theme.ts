/** Light or dark: as the system has it, unless somebody chose. The choice is kept in this browser. */
import { Store } from "../store/Store.ts"

const themes = ["auto", "light", "dark"] as const
export type Theme = (typeof themes)[number]

const key = "stopcopy.theme"

const kept = (): Theme => themes.find((theme) => theme === localStorage.getItem(key)) ?? "auto"

const show = (theme: Theme): void => {
  if (theme === "auto") delete document.documentElement.dataset["theme"]
  else document.documentElement.dataset["theme"] = theme
}

export const theme = new Store<Theme>(kept())

/** Shows what was kept. */
export const beginTheme = (): void => show(theme.get())

export const chooseTheme = (chosen: Theme): void => {
  localStorage.setItem(key, chosen)
  show(chosen)
  theme.set(chosen)
}

/** The one after this, for a button that goes through all. */
export const nextTheme = (now: Theme): Theme => themes[(themes.indexOf(now) + 1) % themes.length] ?? "auto"
