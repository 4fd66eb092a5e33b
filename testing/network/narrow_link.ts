/** A narrow link in a network of its own: what leaves one port has a rate and a queue. */
import { lossyNetworkMissing } from "./lossy_network.ts";

/** What goes over the link: packets of a protocol from a port of this machine. */
export interface LinkTraffic {
  readonly protocol: "udp" | "tcp";
  readonly port: number;
}

const PROTOCOL_NUMBERS = { tcp: 6, udp: 17 } as const;

/** The queue of routers that are told nothing else, and the longest that is usual at the edge. */
const MAX_QUEUED_PACKETS = 60;
const MAX_QUEUED_MS = 300;
const PACKET_BYTES = 1350;

/** How a sender of TCP finds out what it may send. */
export type CongestionControl = "cubic" | "bbr";

/**
 * Opens the link, as wide as `kbps`. To be run in a network of its own. It lies behind what the sender
 * knows of, as others' links do: who fills it is not held back.
 */
export function openNarrowLink(
  traffic: LinkTraffic,
  kbps: number,
  limitBytes = queueBytes(kbps),
): void {
  run("ip", "link add ifb0 type ifb");
  run("ip", "link set ifb0 up");
  tc("qdisc add dev ifb0 root handle 1: htb default 20");
  tc(`class add dev ifb0 parent 1: classid 1:20 htb rate ${kbps}kbit`);
  tc(`qdisc add dev ifb0 parent 1:20 handle 20: bfifo limit ${limitBytes}`);
  tc("qdisc add dev lo handle ffff: ingress");
  shareNarrowLink(traffic);
}

/** More goes over the link that is open. */
export function shareNarrowLink({ protocol, port }: LinkTraffic): void {
  const isOurs = `match ip protocol ${
    PROTOCOL_NUMBERS[protocol]
  } 0xff match ip sport ${port} 0xffff`;
  tc(
    `filter add dev lo parent ffff: protocol ip u32 ${isOurs} action mirred egress redirect dev ifb0`,
  );
}

/**
 * TCP sends packets as long as they are elsewhere, each of which waits in the link's queue by itself,
 * and is as eager as is said. To be run before connections are made.
 */
export function sendTcpInPackets(control: CongestionControl): void {
  run("ip", "link set lo mtu 1500 gso_max_segs 1");
  const route = "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1";
  run("ip", `route replace ${route} congctl ${control}`);
}

/** Little of TCP waits at its ends: else that is seconds of a stream. To be run as the above. */
export function keepBuffersSmall(): void {
  run("sysctl", "-q -w net.ipv4.tcp_wmem=4096\t16384\t32768 net.ipv4.tcp_rmem=4096\t32768\t65536");
}

/** Makes it wider or narrower; its queue is 60 packets or 300 ms, whichever is less. */
export function setNarrowLink(kbps: number): void {
  tc(`class change dev ifb0 parent 1: classid 1:20 htb rate ${kbps}kbit`);
  tc(`qdisc change dev ifb0 parent 1:20 handle 20: bfifo limit ${queueBytes(kbps)}`);
}

/** Bytes that wait in the link's queue. */
export function queuedBytes(): number {
  const shown = tc("-s qdisc show dev ifb0");
  const queue = shown.slice(shown.indexOf("qdisc bfifo 20:"));
  const [, size = "0", unit = ""] = /backlog (\d+)([KM]?)b/.exec(queue) ?? [];
  return Number(size) * { "": 1, K: 1024, M: 1024 ** 2 }[unit]!;
}

/** Whether there can be no such links: see {@linkcode lossyNetworkMissing}. */
export function narrowLinkMissing(): boolean {
  return lossyNetworkMissing();
}

function queueBytes(kbps: number): number {
  return Math.round(Math.min(MAX_QUEUED_PACKETS * PACKET_BYTES, kbps * MAX_QUEUED_MS / 8));
}

function tc(words: string): string {
  return run("tc", words);
}

/** What it printed. */
function run(program: string, words: string): string {
  const { success, stdout, stderr } = new Deno.Command(program, {
    args: words.split(" "),
    stdin: "null",
  })
    .outputSync();
  if (!success) throw new Error(`${program} ${words} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
