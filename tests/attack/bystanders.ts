import type { GatewayProcess } from "../../testing/gateway_process.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";
import { checkVideoFrame } from "../../testing/media/self_describing.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import type { Finding } from "./attack.ts";

const PATH = "live/bystanders";

const FLV_VIEWERS = 42;
const RTMP_PLAYERS = 4;
const WHEP_VIEWERS = 4;

/** Little, so that the program that watches all of it is no bottleneck. */
const STREAM = { path: PATH, bitrateBps: 200_000, frameRate: 25, groupFrames: 25 };

/** What was published last has come everywhere by then, unless something is wrong. */
const SETTLE_TIMEOUT_MS = 20_000;

/** An RTMP player that checks what it gets. */
class CheckingPlayer implements Disposable {
  readonly client: RtmpPlayerClient;
  sequence: number | undefined;
  gaps = 0;
  longestSilenceMs = 0;
  #arrivedMs = 0;

  constructor(client: RtmpPlayerClient) {
    this.client = client;
    client.onMedia = ({ kind, payload }) => {
      if (kind !== "video" || payload[1] === 0) return;
      const { sequence } = checkVideoFrame(payload);
      if (this.sequence !== undefined && sequence !== this.sequence + 1) this.gaps++;
      this.sequence = sequence;
      const nowMs = performance.now();
      if (this.#arrivedMs > 0) {
        this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#arrivedMs);
      }
      this.#arrivedMs = nowMs;
    };
  }

  static async play(rtmpPort: number): Promise<CheckingPlayer> {
    const client = await RtmpPlayerClient.connect(rtmpPort);
    const player = new CheckingPlayer(client);
    await client.command(1, "play", PATH.slice("live/".length));
    return player;
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

/** A publisher and its 50 viewers by FLV, RTMP and WebRTC, who are not to notice an attack. */
export class Bystanders implements AsyncDisposable {
  readonly #publisher: SyntheticPublisher;
  readonly #flv: RawViewer[] = [];
  readonly #players: CheckingPlayer[] = [];
  readonly #whep: WhepViewer[] = [];

  private constructor(publisher: SyntheticPublisher) {
    this.#publisher = publisher;
  }

  /** Resolves when all of them get pictures. */
  static async start(gateway: GatewayProcess): Promise<Bystanders> {
    const publisher = (await SyntheticPublisher.connect(gateway.rtmpPort, STREAM)).run();
    const bystanders = new Bystanders(publisher);
    await until("the bystanders' stream can be watched", async () => {
      return (await fetch(gateway.httpUrl(`/${PATH}.flv`), { method: "HEAD" })).ok;
    });
    await bystanders.#join(gateway);
    await until("all bystanders get pictures", () => {
      return bystanders.#sequences().every((sequence) => sequence > 0);
    });
    for (const viewer of bystanders.#flv) viewer.longestSilenceMs = 0;
    for (const player of bystanders.#players) player.longestSilenceMs = 0;
    return bystanders;
  }

  /** What they have noticed: once what was published is everywhere. */
  async finish(): Promise<Finding[]> {
    const newest = this.#publisher.sequence - 1;
    let missing = 0;
    await until("all bystanders get what is published now", () => {
      return this.#sequences().every((sequence) => sequence >= newest);
    }, { timeoutMs: SETTLE_TIMEOUT_MS }).catch(() => {
      missing = this.#sequences().filter((sequence) => sequence < newest).length;
    });
    const silences = [...this.#flv, ...this.#players].map((viewer) => viewer.longestSilenceMs);
    return [
      {
        what: "healthy publishers ended",
        value: this.#publisher.end === undefined ? 0 : 1,
        bar: 0,
      },
      { what: "viewers of 50 that lost pictures", value: missing + this.#losers(), bar: 0 },
      {
        what: "longest time without pictures, ms",
        value: Math.round(Math.max(...silences)),
        bar: 500,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of [...this.#flv, ...this.#whep]) await viewer[Symbol.asyncDispose]();
    for (const player of this.#players) player[Symbol.dispose]();
    await this.#publisher[Symbol.asyncDispose]();
  }

  async #join(gateway: GatewayProcess): Promise<void> {
    const { httpPort, rtmpPort } = gateway;
    for (let at = 0; at < FLV_VIEWERS; at++) {
      const transport = at % 4 === 0 ? "ws" : "http";
      this.#flv.push((await RawViewer.open({ httpPort, path: PATH, transport })).run());
    }
    for (let at = 0; at < RTMP_PLAYERS; at++) {
      this.#players.push(await CheckingPlayer.play(rtmpPort));
    }
    for (let at = 0; at < WHEP_VIEWERS; at++) {
      const transport = at % 2 === 0 ? "udp" : "tcp";
      this.#whep.push(await WhepViewer.join(gateway, { path: PATH, transport }));
    }
  }

  /** The newest picture of each viewer of FLV and RTMP. */
  #sequences(): number[] {
    return [
      ...this.#flv.map(({ checker }) => checker.sequence),
      ...this.#players.map(({ sequence }) => sequence ?? -1),
    ];
  }

  #losers(): number {
    const flv = this.#flv.filter(({ checker, error, end }) => {
      return checker.jumps.length > 0 || error !== undefined || end !== undefined;
    });
    const players = this.#players.filter(({ gaps, client }) => gaps > 0 || client.isEnded);
    const whep = this.#whep.filter((viewer) => viewer.failure !== undefined || hasGaps(viewer));
    return flv.length + players.length + whep.length;
  }
}

function hasGaps({ video }: WhepViewer): boolean {
  if (video === undefined) return true;
  try {
    checkNoGaps(video);
    return false;
  } catch {
    return true;
  }
}
