/// <reference lib="dom" />
/**
 * A page that publishes, whose path to the gateway breaks: by UDP alone, from the port that it has
 * sent from. Prints what became of it as JSON. To be run by `runInLossyNetwork`.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { launchChromium } from "./chromium.ts";
import { goLive, publisherState } from "./page_publisher.ts";

const PATH = "live/me";
const PATIENCE_MS = 20_000;

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using browser = await launchChromium({ hasCamera: true });
const { page } = browser;
page.setDefaultTimeout(PATIENCE_MS);
await page.addInitScript(keepPeer);
// Over TCP it would go on without another path being looked for.
await page.route("**/whip", async (route) => {
  const response = await route.fetch();
  const body = (await response.text()).replaceAll(/a=candidate:.* tcptype .*\r\n/g, "");
  await route.fulfill({ response, body });
});
const requests: string[] = [];
page.on("response", (response) => {
  if (!/\/whip(\/|$)/.test(response.url())) return;
  requests.push(`${response.request().method()} ${response.status()}`);
});
await page.goto(gateway.httpUrl("/"));
await goLive(page, "me");
await until("it sends", async () => (await gateway.stream(PATH))?.video);
const before = (await gateway.stream(PATH))!.publish.cid;
const port = await page.evaluate(localPort);
for (const end of ["--sport", "--dport"]) {
  const rule = ["-I", "INPUT", "1", "-p", "udp", end, `${port}`, "-j", "DROP"];
  const { success } = await new Deno.Command("iptables", { args: rule }).output();
  if (!success) throw new Error(`iptables failed: ${rule.join(" ")}`);
}
const brokenAtMs = performance.now();
await until("it sends from another port", async () => {
  const now = await page.evaluate(localPort);
  return now !== undefined && now !== port;
});
const mendedMs = performance.now() - brokenAtMs;
const sentBytes = async () => {
  const { clients } = await (await fetch(gateway.httpUrl("/api/v1/clients"))).json();
  return clients[0]?.bytes ?? 0;
};
const sentBefore = await sentBytes();
await until("it sends on", async () => await sentBytes() > sentBefore + 50_000);
const isSame = (await gateway.stream(PATH))!.publish.cid === before;
console.log(JSON.stringify({ requests, mendedMs, isSame, state: await publisherState(page) }));

interface WatchedPage {
  peer: RTCPeerConnection;
}

/** Runs in the page before its scripts. */
function keepPeer(): void {
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      (globalThis as unknown as WatchedPage).peer = this;
    }
  };
}

/** Runs in the page: the port that it sends from. */
async function localPort(): Promise<number | undefined> {
  const { peer } = globalThis as unknown as WatchedPage;
  // deno-lint-ignore no-explicit-any
  const report = await peer.getStats() as any as Map<string, Record<string, any>>;
  const transport = [...report.values()].find(({ type }) => type === "transport")!;
  const pair = report.get(transport.selectedCandidatePairId);
  return report.get(pair?.localCandidateId)?.port;
}
