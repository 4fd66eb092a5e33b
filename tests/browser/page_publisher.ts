/// <reference lib="dom" />
/** The publisher of the gateway's own page, for tests in a browser. */
import type { Page } from "playwright-core";

/** Goes live under `live/{name}` with what is chosen on the page. */
export async function goLive(page: Page, name: string): Promise<void> {
  await page.getByLabel("Stream name").fill(name);
  await page.getByRole("button", { name: "Go live" }).click();
  await waitForState(page, "live");
}

/** Until the publisher is in a state. */
export async function waitForState(page: Page, state: string): Promise<void> {
  try {
    await page.locator(`#publisher[data-state="${state}"]`).waitFor();
  } catch (error) {
    throw new Error(`${error}\nThe page says: ${await page.locator("#publisher").innerText()}`);
  }
}

/** The publisher's state. */
export async function publisherState(page: Page): Promise<string | null> {
  return await page.locator("#publisher").getAttribute("data-state");
}

/** What the page says of what it sends, by its terms. */
export async function sentFigures(page: Page): Promise<Record<string, string>> {
  return await page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll("#publish-figures div")].map(({ children: [term, value] }) => [
        term?.textContent ?? "",
        value?.textContent ?? "",
      ]),
    )
  );
}
