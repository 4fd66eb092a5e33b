/** A network of its own, whose UDP loses packets: a namespace with nothing but a loopback. */

/**
 * What makes a network namespace usable. Chromium looks for candidates only where there is a default
 * route, which a wire that leads nowhere gives it. The wire gets no IPv6 addresses of its own: they
 * would come two seconds later, and Chromium gives up what it loads when addresses change.
 */
const SET_UP = [
  "ip link set lo up",
  "ip link add wire type veth peer name wall",
  "if [ -e /proc/net/if_inet6 ]; then ip link set wire addrgenmode none; fi",
  "if [ -e /proc/net/if_inet6 ]; then ip link set wall addrgenmode none; fi",
  "ip address add 192.0.2.1/24 dev wire",
  "ip link set wire up",
  "ip link set wall up",
  "ip route add default via 192.0.2.2 dev wire",
  "iptables -A INPUT -i lo -p udp -j ACCEPT",
].join(" && ");

/** The same rule, with losses: to be run in the namespace. */
export function setLoss(probability: number): void {
  const rule = probability === 0
    ? ["-j", "ACCEPT"]
    : ["-m", "statistic", "--mode", "random", "--probability", `${probability}`, "-j", "DROP"];
  run("iptables", ["-R", "INPUT", "1", "-i", "lo", "-p", "udp", ...rule]);
}

/**
 * Whether such networks cannot be made, which is said on the console: they need `ip`, `iptables` and
 * the rights to make them.
 *
 * @throws {Error} if they cannot and `SLUICE_REQUIRE_PEERS=1` asks for all peers
 */
export function lossyNetworkMissing(): boolean {
  try {
    run("unshare", ["--net", "sh", "-c", SET_UP]);
    return false;
  } catch (error) {
    const message = `Cannot test loss: ${error instanceof Error ? error.message : error}`;
    if (Deno.env.get("SLUICE_REQUIRE_PEERS") === "1") throw new Error(message);
    console.error(`%cSKIPPED: ${message}`, "color: red; font-weight: bold");
    return true;
  }
}

/** Runs a module in a network of its own, and returns what it printed. */
export async function runInLossyNetwork(module: URL, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      ...["--net", "sh", "-c", `${SET_UP} && exec "$@"`, "sh"],
      ...[Deno.execPath(), "run", "-q", "-A", module.pathname, ...args],
    ],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${module.pathname} failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

function run(program: string, args: readonly string[]): void {
  const { success, stderr } = new Deno.Command(program, { args: [...args], stdin: "null" })
    .outputSync();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}
