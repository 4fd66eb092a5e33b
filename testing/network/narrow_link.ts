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

/** Opens the link, as wide as `kbps`. To be run in a network of its own. */
export function openNarrowLink({ protocol, port }: LinkTraffic, kbps: number): void {
  tc("qdisc add dev lo root handle 1: htb default 10");
  // Segments of TCP are not cut into packets on their way to oneself.
  tc("class add dev lo parent 1: classid 1:10 htb rate 10gbit quantum 65536");
  tc(`class add dev lo parent 1: classid 1:20 htb rate ${kbps}kbit`);
  tc(`qdisc add dev lo parent 1:20 handle 20: bfifo limit ${queueBytes(kbps)}`);
  const isOurs = `match ip protocol ${
    PROTOCOL_NUMBERS[protocol]
  } 0xff match ip sport ${port} 0xffff`;
  tc(`filter add dev lo parent 1: protocol ip u32 ${isOurs} flowid 1:20`);
}

/** Makes it wider or narrower; its queue is 60 packets or 300 ms, whichever is less. */
export function setNarrowLink(kbps: number): void {
  tc(`class change dev lo parent 1: classid 1:20 htb rate ${kbps}kbit`);
  tc(`qdisc change dev lo parent 1:20 handle 20: bfifo limit ${queueBytes(kbps)}`);
}

/**
 * Has TCP cut its segments as for a wire, and keep little on the way: else that is seconds of a stream. To
 * be called in a network of its own, before connections are made.
 */
export function cutSegments(): void {
  run("ip link set dev lo mtu 1500 gso_max_size 1500");
  runWith("sysctl", ["-qw", "net.ipv4.tcp_wmem=4096 16384 32768"]);
  runWith("sysctl", ["-qw", "net.ipv4.tcp_rmem=4096 32768 65536"]);
}

/** Bytes that wait in the link's queue. */
export function queuedBytes(): number {
  const shown = tc("-s qdisc show dev lo");
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
  return run(`tc ${words}`);
}

function run(words: string): string {
  const [program, ...args] = words.split(" ");
  return runWith(program!, args);
}

/** What it printed. */
function runWith(program: string, args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args: [...args], stdin: "null" })
    .outputSync();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
