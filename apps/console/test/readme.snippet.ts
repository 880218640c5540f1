/** The example of the README. */
// region readme
import { launchChromium } from "@stopcopy/workbench/chromium"

/** The names of the hosts that the console at this address shows, once it is live. For who wants to know that an installation works. */
export const hostsShown = async (url: string, token: string): Promise<ReadonlyArray<string>> => {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(`${url}/fleet`)
    await page.getByLabel("Token").fill(token)
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.locator('[data-connection="Open"]').waitFor()
    await page.locator("h2.place-name").first().waitFor()
    return await page.locator("h2.place-name").allInnerTexts()
  } finally {
    await browser.close()
  }
}
// endregion
