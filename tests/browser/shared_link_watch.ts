/**
 * Gateway, publisher of one rendition and what shares a narrow link with a viewer in Chromium. Prints
 * what each viewer got in each phase, and what the other did, as JSON. To be run by
 * `runInLossyNetwork` with a sharing, and phases such as "1000:10", kilobits a second and seconds.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import {
  type CongestionControl,
  openNarrowLink,
  sendTcpInPackets,
  setNarrowLink,
} from "../../testing/network/narrow_link.ts";
import { LinkDownload } from "../../testing/network/link_download.ts";
import { launchChromium } from "./chromium.ts";
import type { LinkPhase } from "./narrow_link_phase.ts";
import { publishTwoMegabits } from "./two_megabits.ts";
import { phasesOf, watchPhase } from "./watch_phase.ts";
import { streamReady, watchByWhep, type WhepViewer } from "./whep_viewer.ts";

/**
 * Who goes over the link: a viewer `alone`, or `two`; over UDP, or TCP of that eagerness; or one over
 * UDP beside a `download` by TCP.
 */
export type Sharing =
  | "two over udp"
  | `${"alone" | "two"} over ${CongestionControl}`
  | `download by ${CongestionControl}`;

/** What is printed: of one phase. */
export interface SharedPhase {
  readonly viewers: readonly LinkPhase[];
  readonly downloadedBytes: number;
  /** What the gateway knew of each viewer in the end. */
  readonly clients: unknown;
}

const PATH = "live/shared";
const WIDE_KBPS = 100_000;

const [sharing, ...phases] = Deno.args as [Sharing, ...string[]];
const [what, , how] = sharing.split(" ") as ["alone" | "two" | "download", string, string];
const isByTcp = what !== "download" && how !== "udp";
if (how !== "udp") sendTcpInPackets(how as CongestionControl);

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = publishTwoMegabits(gateway, PATH);
const [port] = gateway.webrtcPorts as [number];
openNarrowLink({ protocol: isByTcp ? "tcp" : "udp", port }, WIDE_KBPS);
await using browser = await launchChromium();
await streamReady(gateway, PATH);
const viewers: WhepViewer[] = [];
for (let count = what === "two" ? 2 : 1; count > 0; count--) {
  const page = viewers.length === 0 ? browser.page : await browser.page.context().newPage();
  viewers.push(await watchByWhep(page, gateway, PATH, { transport: isByTcp ? "tcp" : "any" }));
  await viewers.at(-1)!.moreFrames(90);
}
using download = what === "download" ? new LinkDownload() : undefined;
const results: SharedPhase[] = [];
for (const phase of phasesOf(phases)) {
  setNarrowLink(phase.kbps);
  const before = download?.bytes ?? 0;
  const watched = await Promise.all(viewers.map((viewer) => watchPhase(viewer, phase)));
  const clients = await (await fetch(gateway.httpUrl("/api/v1/clients"))).json();
  const downloadedBytes = (download?.bytes ?? 0) - before;
  results.push({ viewers: watched, downloadedBytes, clients });
}
console.log(JSON.stringify(results));
