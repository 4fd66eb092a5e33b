import { getLogger, type Logger } from "@logtape/logtape";
import type { AccessDecision, AccessRequest, Allowed, EndedSession } from "../../access/access.ts";
import { peerText } from "../../address/address_source.ts";
import { ByteRate } from "../../stream/byte_rate.ts";
import type { Place } from "../net/places.ts";
import type { Admission, Client, ClientDescription, ClientMeasures } from "./clients.ts";

/** How viewers come. */
export type ViewerProtocol = Extract<
  AccessRequest["protocol"],
  "rtmp" | "rtmps" | "http-flv" | "ws-flv" | "webtransport" | "whep"
>;

/** A question about a view that was answered with yes. */
export interface ViewerRequest {
  /** As it was asked. */
  readonly asked: AccessRequest & { readonly protocol: ViewerProtocol };
  readonly allowed: Allowed;
  /** When, by `performance.now`. */
  readonly askedAtMs: number;
  /** The stream that is watched. */
  readonly path: string;
  /** The viewer, behind trusted proxies. */
  readonly from: Pick<Deno.NetAddr, "hostname" | "port">;
}

/** What is asked of a viewer, whatever it speaks. */
export interface View {
  measures(): ClientMeasures;
  /** Of media, that it was sent: asked for often. */
  readonly bytes: number;
  /** Ends it: its ticket is closed at once, or within a second. */
  end(reason: string): void;
}

/** What a viewer has been sent, in what time, and why no more. */
export type ViewEnd = Pick<EndedSession, "durationMs" | "bytes" | "reason">;

/** What a viewer has until it is gone. */
interface Held {
  readonly places: readonly Place[];
  /** Whether it gives way to others until it has {@linkcode Ticket.settle}d. */
  readonly areOffered: boolean;
}

const NO_MEASURES: ClientMeasures = {
  bytes: 0,
  lagMs: null,
  jumps: 0,
  roundTripMs: null,
  lossFraction: null,
  packetsLost: null,
  quality: null,
  estimatedBps: null,
};

/** A viewer that was let in. */
export class Ticket implements Client {
  readonly #request: ViewerRequest;
  readonly #shard: number;
  readonly #held: Held;
  readonly #closed: (end: ViewEnd) => void;
  readonly #log: Logger;
  readonly #openedAtMs = performance.now();
  readonly #since = Date.now();
  readonly #rate = new ByteRate();
  /** Bytes that were counted, and when. */
  #counted = { bytes: 0, atMs: this.#openedAtMs };
  #allowed: Allowed;
  #view: View | undefined;
  #endReason: string | undefined;
  #isClosed = false;

  /** @param closed called once, when it is closed */
  constructor(request: ViewerRequest, shard: number, held: Held, closed: (end: ViewEnd) => void) {
    this.#request = request;
    this.#shard = shard;
    this.#held = held;
    this.#closed = closed;
    const { asked: { id, protocol, userAgent }, allowed, path, from } = request;
    this.#allowed = allowed;
    this.#log = getLogger(["sluice", "access"]).with({ id, peer: peerText(from), protocol, path });
    this.#log.info("{peer} watches {path} over {protocol} ({decidedBy}; {userAgent})", {
      decidedBy: allowed.decidedBy,
      userAgent: userAgent ?? "no user agent",
    });
  }

  get id(): string {
    return this.#request.asked.id;
  }

  get request(): ViewerRequest {
    return this.#request;
  }

  get admission(): Admission {
    const { asked, askedAtMs, path } = this.#request;
    return { asked, askedAtMs, path, allowed: this.#allowed };
  }

  reconsider(decision: AccessDecision): boolean {
    const { asked, path } = this.#request;
    const isAllowed = decision.kind === "allow";
    if (isAllowed && (decision.path ?? asked.path) === path) {
      this.#allowed = decision;
      return true;
    }
    this.end(isAllowed ? "it may watch something else now" : "it may not watch any more");
    return false;
  }

  /** How far what it is sent is behind the stream; `null` if that cannot be known. */
  get lagMs(): number | null {
    return this.#measures().lagMs;
  }

  /** What lets it in: at first that of its request. */
  get allowed(): Allowed {
    return this.#allowed;
  }

  /** When it has to end, by `performance.now`; `Infinity` if never. */
  get endsAtMs(): number {
    const { expiresAtMs = Infinity, limits: { maxDurationMs = Infinity } = {} } = this.#allowed;
    return this.#openedAtMs + Math.min(expiresAtMs - this.#since, maxDurationMs);
  }

  /** From here on it can be described and ended. */
  begin(view: View): void {
    this.#view = view;
    const { areOffered, places } = this.#held;
    if (!areOffered) return;
    const giveWay = () => this.end("it gave way to another, as it is not connected");
    for (const place of places) place.offer(giveWay);
  }

  /** It is connected: nobody else can have its place, and that of a newcomer it leaves. */
  settle(): void {
    const [newcomer, viewer] = this.#held.places;
    newcomer?.leave();
    viewer?.keep();
  }

  describe(): ClientDescription {
    const { asked: { id, protocol, userAgent }, path, from } = this.#request;
    const { decidedBy, subject = null } = this.#allowed;
    return {
      id,
      action: "play",
      protocol,
      path,
      address: from.hostname,
      port: from.port,
      shard: this.#shard,
      since: this.#since,
      userAgent: userAgent ?? null,
      decidedBy,
      subject,
      kbps: this.#rate.kbps,
      ...this.#measures(),
    };
  }

  /** What it was sent since this was called last: to be done every second. */
  takeBytes(nowMs: number): number {
    const { bytes, atMs } = this.#counted;
    const now = this.#view?.bytes ?? 0;
    if (nowMs > atMs) this.#rate.note(now - bytes, nowMs - atMs);
    this.#counted = { bytes: now, atMs: nowMs };
    return now - bytes;
  }

  end(reason: string): void {
    if (this.#isClosed) return;
    this.#endReason ??= reason;
    this.#view?.end(reason);
  }

  /**
   * The viewer is gone.
   *
   * @param why as it was seen; that {@linkcode end} was called is a better reason
   */
  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const durationMs = performance.now() - this.#openedAtMs;
    const { bytes } = this.#measures();
    const reason = this.#endReason ?? why;
    this.#log.info(
      "{peer} has watched {path} over {protocol} for {seconds} s, {bytes} bytes: {why}",
      {
        seconds: Math.round(durationMs / 100) / 10,
        bytes,
        why: reason,
      },
    );
    for (const place of this.#held.places) place.leave();
    this.#closed({ durationMs, bytes, reason });
  }

  #measures(): ClientMeasures {
    return this.#view?.measures() ?? NO_MEASURES;
  }
}
