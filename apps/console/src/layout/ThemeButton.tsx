/** Switches between light, dark and what the system has. */
import { useStore } from "../store/useStore.ts"
import { Button } from "../ui/Button.tsx"
import { chooseTheme, nextTheme, theme, type Theme } from "./theme.ts"

const names: Readonly<Record<Theme, string>> = { auto: "System", light: "Light", dark: "Dark" }

export const ThemeButton = () => {
  const now = useStore(theme)
  return (
    <Button kind="quiet" label={`Colours: ${names[now]}; change`} onPress={() => chooseTheme(nextTheme(now))}>
      <span className="theme-dot" aria-hidden="true" />
      {names[now]}
    </Button>
  )
}
