/** Sound that takes the transcoder long, beside that of others. */
import { AAC_LC } from "../../testing/media/aac_streams.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { type SyntheticAudio, SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { postOffer, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { delay, until } from "../../testing/waiting.ts";
import type { Attack, Finding } from "./attack.ts";

const HEALTHY = "live/heard";

/** Of the fixture's access units: 1024 samples at 44.1 kHz. */
const UNITS_PER_SECOND = 44_100 / 1024;

const HEALTHY_AUDIO: SyntheticAudio = {
  configuration: Uint8Array.of(0xaf, 0, ...AAC_LC.configuration),
  frame: (sequence) =>
    Uint8Array.of(0xaf, 1, ...AAC_LC.units[sequence % AAC_LC.units.length]!.data),
};

/** A-law of 8 kHz, six seconds in a message: no more is taken. */
const LONG_SOUND = new Uint8Array(1 + 48_000).fill(0xd5);
LONG_SOUND[0] = 0x72;

const LONG_AUDIO: SyntheticAudio = { configuration: LONG_SOUND, frame: () => LONG_SOUND };

const ATTACKERS = 8;
const MESSAGES_PER_SECOND = 10;

/** An offer that nothing follows is given up after 15 s. */
const OFFER_INTERVAL_MS = 5000;

/** What comes of the sound of somebody else. */
export const TRANSCODER_ATTACK: Attack = {
  name: "sound that takes the transcoder long",
  run: async (gateway, { seconds }) => {
    await using publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
      path: HEALTHY,
      frameRate: UNITS_PER_SECOND,
      bitrateBps: 200_000,
      audio: HEALTHY_AUDIO,
    });
    publisher.run();
    await until("it can be watched", async () => {
      return (await fetch(gateway.httpUrl(`/${HEALTHY}.flv`), { method: "HEAD" })).ok;
    });
    await using viewer = await WhepViewer.join(gateway, { path: HEALTHY });
    await until("it is heard", () => (viewer.audio?.packets.length ?? 0) > 50);
    await using attackers = await startAttackers(gateway);
    await attackers.offer();
    const from = viewer.audio!.packets.length;
    for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= OFFER_INTERVAL_MS) {
      await delay(Math.min(leftMs, OFFER_INTERVAL_MS));
      await attackers.offer();
    }
    return findings(viewer, from);
  },
};

async function startAttackers(gateway: GatewayProcess) {
  const publishers: SyntheticPublisher[] = [];
  const paths = Array.from({ length: ATTACKERS }, (_, at) => `live/long${at}`);
  for (const path of paths) {
    const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, {
      path,
      frameRate: MESSAGES_PER_SECOND,
      bitrateBps: 1,
      audio: LONG_AUDIO,
    });
    publishers.push(publisher.run());
  }
  return {
    /** Whoever offers is taken for a listener at once. */
    offer: () => Promise.all(paths.map((path) => postOffer(gateway, { path }))),
    [Symbol.asyncDispose]: async () => {
      for (const publisher of publishers) await publisher[Symbol.asyncDispose]();
    },
  };
}

function findings(viewer: WhepViewer, from: number): Finding[] {
  const packets = viewer.audio!.packets.slice(from);
  const arrivalsMs = [...packets.map(({ arrivedMs }) => arrivedMs), performance.now()];
  const gapsMs = arrivalsMs.slice(1).map((arrivedMs, at) => arrivedMs - arrivalsMs[at]!);
  let lostMs = 0;
  for (let at = 1; at < packets.length; at++) {
    lostMs += ((packets[at]!.timestamp - packets[at - 1]!.timestamp) | 0) / 48 - 20;
  }
  return [
    { what: "packets of the other's sound", value: packets.length },
    { what: "longest time without, ms", value: Math.round(Math.max(...gapsMs)), bar: 200 },
    { what: "sound that the other lost, ms", value: Math.round(lostMs), bar: 100 },
  ];
}
