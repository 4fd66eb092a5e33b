/** A second way into the network, beside the wire of a `runInLossyNetwork`, which can be taken away. */

/** Where the server is, whichever way is left. */
export const SERVER_ADDRESS = "203.0.113.1";
/** From where it is reached over the second way. */
export const SECOND_ADDRESS = "198.51.100.1";

/** To be run in the network, before a server or a browser is started. */
export function openSecondWay(): void {
  ip(`address add ${SERVER_ADDRESS}/32 dev lo`);
  ip("link add radio type veth peer name tower");
  ip(`address add ${SECOND_ADDRESS}/24 dev radio`);
  ip("link set radio up");
  ip("link set tower up");
  ip("route add default via 198.51.100.2 dev radio metric 20");
}

/** Pulls the wire out. */
export function loseFirstWay(): void {
  ip("link delete wire");
}

function ip(words: string): void {
  const command = new Deno.Command("ip", { args: words.split(" "), stdin: "null" });
  const { success, stderr } = command.outputSync();
  if (!success) throw new Error(`ip ${words} failed: ${new TextDecoder().decode(stderr)}`);
}
