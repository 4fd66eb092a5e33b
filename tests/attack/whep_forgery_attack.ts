import { answerCheck, writeCheck } from "../../testing/webrtc/whep_stun.ts";
import { compactNtp, ntpTime } from "../../src/rtp/ntp.ts";
import { publish } from "../../testing/healthy_whep.ts";
import { writeNack, writeReceiverReport } from "../../testing/webrtc/viewer_reports.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { delay } from "../../testing/waiting.ts";
import type { Attack, Finding } from "./attack.ts";
import { ForgingLink } from "./forging_link.ts";

const PATH = "live/forged";
const INTERVAL_MS = 20;

/** What an address may be sent that shows nothing: as docs/watching.md says, for a session. */
const TRICKLE_BYTES = 2048;
const TRICKLE_BYTES_PER_SECOND = 32;

/** Sender reports that a report block can name. */
const MAX_BLOCKS = 31;

interface Forger {
  /**
   * The thrifty one forges a single check; the others all that there is, and the mute one does not
   * answer what it is asked itself.
   */
  readonly kind: "thrifty" | "honest" | "mute";
  readonly viewer: WhepViewer;
  readonly link: ForgingLink;
}

/**
 * Viewers with all their keys who want their media to go to somebody else: they speak in that
 * address's name by STUN, DTLS and SRTCP, without what is sent there.
 */
export const whepForgeryAttack: Attack = {
  name: "WebRTC viewers that forge another's address",
  gateway: { args: ["--shards", "1"] },
  run: async (gateway, { seconds }) => {
    await using _publisher = await publish(gateway, { path: PATH, bitrateBps: 2_000_000 });
    const forgers: Forger[] = [];
    try {
      for (const kind of ["thrifty", "honest", "mute"] as const) {
        let link: ForgingLink | undefined;
        const mirrors = kind !== "thrifty";
        const viewer = await WhepViewer.join(gateway, {
          path: PATH,
          openLink: (candidate) => Promise.resolve(link = new ForgingLink(candidate, { mirrors })),
        });
        viewer.answersChecks = kind !== "mute";
        forgers.push({ kind, viewer, link: link! });
      }
      const endMs = performance.now() + seconds * 1000;
      for (let round = 0; performance.now() < endMs; round++) {
        for (const { kind, viewer, link } of forgers) {
          if (kind !== "thrifty") forgeAll(viewer, link, round);
          else if (round === 0) link.forge(writeCheck(viewer.local, viewer.remote));
        }
        await delay(INTERVAL_MS);
      }
      return forgers.flatMap((forger) => findingsOf(forger, seconds));
    } finally {
      for (const { viewer } of forgers) await viewer[Symbol.asyncDispose]();
    }
  },
};

function findingsOf({ kind, viewer, link }: Forger, seconds: number): Finding[] {
  const silentMs = performance.now() - viewer.video!.packets.at(-1)!.arrivedMs;
  return [
    { what: `${kind}: its own media are silent for, ms`, value: Math.round(silentMs), bar: 500 },
    { what: `${kind}: sent in a victim's name, KB`, value: kilobytes(link.forgedBytes) },
    { what: `${kind}: arrived at the victim, KB`, value: kilobytes(link.victimBytes) },
    {
      what: `${kind}: the same, beyond what was sent, KB`,
      value: kilobytes(Math.max(0, link.victimBytes - link.forgedBytes)),
      bar: kilobytes(TRICKLE_BYTES + TRICKLE_BYTES_PER_SECOND * seconds),
    },
  ];
}

function forgeAll(viewer: WhepViewer, link: ForgingLink, round: number): void {
  const { local, remote, senderReports } = viewer;
  link.forge(writeCheck(local, remote));
  // Answers to what was asked of the viewer's own address, and to what it was asked before.
  for (const check of [link.checks.at(-1), link.checks[round % link.checks.length]]) {
    const answer = check && answerCheck(check, local, link.server);
    if (answer !== undefined) link.forge(answer);
  }
  for (const list of [link.dtls, link.rtcp]) {
    if (list.length > 0) link.forge(list[round % list.length]!);
  }
  const report = senderReports.at(-1);
  if (report !== undefined) {
    const { ntpSeconds: seconds, ntpFraction: fraction } = report;
    forgeReport(viewer, link, [compactNtp({ seconds, fraction })]);
  }
  // Reports are sent once a second, at a moment that can be guessed.
  const nowMs = Date.now() - (round % 100) * 10;
  forgeReport(
    viewer,
    link,
    Array.from({ length: MAX_BLOCKS }, (_, back) => compactNtp(ntpTime(nowMs - back))),
  );
  const { packets, ssrc } = viewer.video!;
  const newest = packets.at(-1)!.index;
  const lost = Array.from({ length: 16 }, (_, back) => newest - back);
  link.forge(viewer.protectRtcp(writeNack(ssrc, lost)));
}

function forgeReport(viewer: WhepViewer, link: ForgingLink, times: readonly number[]): void {
  const { ssrc } = viewer.video!;
  const blocks = times.map((lastSenderReport) => ({
    ssrc,
    lossFraction: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 0,
    jitter: 0,
    lastSenderReport,
    delaySinceLastSenderReport: 0,
  }));
  link.forge(viewer.protectRtcp(writeReceiverReport(blocks)));
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 100) / 10;
}
