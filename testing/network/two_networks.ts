/** A machine with two ways into the network, of which one can be taken away: a namespace. */

/** Where the server is, whichever way is left. */
export const SERVER_ADDRESS = "203.0.113.1";

/** Wires that lead nowhere: Chromium looks for candidates only where there is a default route. */
const WIRES = [
  { name: "cable", address: "192.0.2.1", gateway: "192.0.2.2", metric: 10 },
  { name: "radio", address: "198.51.100.1", gateway: "198.51.100.2", metric: 20 },
] as const;

const SET_UP = [
  "ip link set lo up",
  `ip address add ${SERVER_ADDRESS}/32 dev lo`,
  ...WIRES.flatMap(({ name, address, gateway, metric }) => [
    `ip link add ${name} type veth peer name ${name}_end`,
    `ip address add ${address}/24 dev ${name}`,
    `ip link set ${name} up`,
    `ip link set ${name}_end up`,
    `ip route add default via ${gateway} dev ${name} metric ${metric}`,
  ]),
].join(" && ");

/** Pulls the cable out: to be run in the namespace. */
export async function loseCable(): Promise<void> {
  await run("ip", ["link", "delete", "cable"]);
}

/** Whether such a network cannot be made. */
export async function twoNetworksMissing(): Promise<boolean> {
  try {
    await run("unshare", ["--net", "sh", "-c", SET_UP]);
    return false;
  } catch {
    return true;
  }
}

/** Runs a module in such a network, and returns what it printed. */
export async function runWithTwoNetworks(module: URL): Promise<string> {
  return await run("unshare", [
    ...["--net", "sh", "-c", `${SET_UP} && exec "$@"`, "sh"],
    ...[Deno.execPath(), "run", "-q", "-A", module.pathname],
  ]);
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
