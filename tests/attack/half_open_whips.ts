import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { datagramKind } from "../../src/webrtc/datagram_kind.ts";
import { openLink } from "../../testing/webrtc/whep_link.ts";
import { WhipSender, type WhipSenderOptions } from "../../testing/webrtc/whip_sender.ts";

/** How many there are. */
export const HALF_OPEN_WHIPS = 1000;

/** A hello without a cookie, and one with it. */
const HELLOS = 2;

/** How far they go, in turn: one does not even check, one shakes no hands, and one does not end that. */
const WAYS: readonly WhipSenderOptions[] = [
  { openLink: (candidate) => linkThat(candidate, () => false) },
  { shakesHands: false },
  {
    openLink: async (candidate) => {
      let hellos = 0;
      const passes = (datagram: Uint8Array) =>
        datagramKind(datagram) !== "dtls" || ++hellos <= HELLOS;
      return await linkThat(candidate, passes);
    },
  },
];

/** A link on which only what `passes` is sent. */
async function linkThat(
  candidate: Parameters<typeof openLink>[0],
  passes: (datagram: Uint8Array) => boolean,
) {
  const link = await openLink(candidate);
  return {
    server: link.server,
    send: (datagram: Uint8Array) => passes(datagram) && link.send(datagram),
    receive: (take: (datagram: Uint8Array) => void) => link.receive(take),
    close: () => link.close(),
  };
}

/** Publishers that offer and begin to connect, and go no further; they stay for so long. */
export async function halfOpenWhips(
  gateway: Pick<GatewayProcess, "httpUrl">,
  path: string,
  seconds: number,
): Promise<{ accepted: number; answered: number }> {
  await using senders = new AsyncDisposableStack();
  const open: WhipSender[] = [];
  for (let at = 0; at < HALF_OPEN_WHIPS; at++) {
    const sender = await WhipSender.open(gateway, `${path}${at}`, WAYS[at % WAYS.length]!);
    open.push(senders.use(sender));
  }
  await until("checks are answered", () => {
    return open.every(({ peer }, at) => at % WAYS.length === 0 || peer.consents > 0);
  });
  await delay(seconds * 1000);
  const answered = open.filter(({ peer }) => peer.consents > 0).length;
  return { accepted: open.length, answered };
}
