/** Starts Chromium for tests, and makes sure that it ends. */
import { chromium, type Page } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

/**
 * Three cameras (the second of depths, the third of JPEG) and a microphone that show and sound a
 * pattern, and a screen: they are given to whoever asks.
 */
const FAKE_MEDIA_FLAGS = [
  "--use-fake-device-for-media-stream=device-count=3",
  "--use-fake-ui-for-media-stream",
];

/** A running Chromium with one page, to whose context more can be added; disposing it ends the process and removes its profile. */
export interface TestBrowser extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the page's console, uncaught exceptions and policy violations, as they come. */
  readonly faults: readonly string[];
}

/**
 * Whether Chromium is missing; says so loudly, since a test that does not run proves nothing.
 *
 * @throws {Error} when it is missing and `SLUICE_REQUIRE_PEERS=1` asks for all peers
 */
export function chromiumMissing(): boolean {
  try {
    Deno.statSync(EXECUTABLE);
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const message = `Cannot test in a browser: needs ${EXECUTABLE}, found nothing`;
  if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(message);
  console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
  return true;
}

/**
 * Launches Chromium; playwright gives it an empty profile and removes that afterwards.
 *
 * @param options.viewport size of the page in CSS pixels
 * @param options.ignoreHTTPSErrors whether it takes any certificate
 * @param options.hasCamera whether it has a camera and a microphone
 */
export async function launchChromium(
  options: {
    viewport?: { width: number; height: number };
    ignoreHTTPSErrors?: true;
    hasCamera?: true;
  } = {},
): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: options.hasCamera ? [...FLAGS, ...FAKE_MEDIA_FLAGS] : FLAGS,
  });
  try {
    const context = await browser.newContext({
      ignoreHTTPSErrors: options.ignoreHTTPSErrors ?? false,
      viewport: options.viewport ?? { width: 1360, height: 900 },
    });
    const page = await context.newPage();
    // Closing ends the process; playwright kills it when it does not go by itself.
    return { page, faults: collectFaults(page), [Symbol.asyncDispose]: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

function collectFaults(page: Page): string[] {
  const faults: string[] = [];
  // A violation of the Content-Security-Policy is written to the console as an error.
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("crash", () => faults.push("the page crashed"));
  return faults;
}
