import { howMany } from "../../bytes/how_many.ts";
import type { Access, AccessDecision, AccessRequest } from "../../access/access.ts";
import type { MemoryBudget } from "../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import type { GaugeName, TotalName } from "../../metrics/counted.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { AddressCounts } from "../net/address_counts.ts";
import { holderOf } from "../net/memory_holder.ts";
import { Place, type Refusal } from "../net/places.ts";
import type { ShardPlaces } from "../shard_places.ts";
import type { Clients } from "./clients.ts";
import { LagSamples } from "./lag_samples.ts";
import { Ticket, type ViewerProtocol, type ViewerRequest } from "./ticket.ts";

/** What viewers of one way to play take, and how they are counted. */
interface ViewerKind {
  readonly places: readonly ("rtmpPlayers" | "webrtcNewcomers" | "webrtcViewers")[];
  /** Whether they come before they can be sent anything, and give way until they are. */
  readonly areOffered: boolean;
  /** Beside the connection: measured. */
  readonly memoryBytes: number;
  /** Where their places do not count them. */
  readonly gauge?: GaugeName;
  readonly accepted: TotalName;
  readonly refused: TotalName;
}

const FLV = {
  places: [],
  areOffered: false,
  memoryBytes: 48 * 1024,
  accepted: "viewersAccepted",
  refused: "viewersRefused",
} as const;

/** Memory is its connection's. */
const RTMP: ViewerKind = {
  places: ["rtmpPlayers"],
  areOffered: false,
  memoryBytes: 0,
  accepted: "playsAccepted",
  refused: "playsRefused",
};

/** Memory: what two hundred of them take more than one hundred, each. */
const WHEP: ViewerKind = {
  places: ["webrtcNewcomers", "webrtcViewers"],
  areOffered: true,
  memoryBytes: 512 * 1024,
  accepted: "webrtcViewersAccepted",
  refused: "webrtcViewersRefused",
};

const KINDS: Readonly<Record<ViewerProtocol, ViewerKind>> = {
  rtmp: RTMP,
  rtmps: RTMP,
  "http-flv": { ...FLV, gauge: "httpFlvViewers" },
  "ws-flv": { ...FLV, gauge: "wsFlvViewers" },
  "webtransport": {
    ...FLV,
    gauge: "webtransportViewers",
    accepted: "webtransportViewersAccepted",
    refused: "webtransportViewersRefused",
  },
  whep: WHEP,
};

/** What the viewers of a shard have of it. */
export interface ViewersOptions {
  /** Over all shards and protocols; may change. */
  readonly settings: { readonly maxViewers: number };
  readonly places: Pick<ShardPlaces, ViewerKind["places"][number]>;
  /** Viewers of each stream over all shards, by {@linkcode streamKey}. */
  readonly streamCounts: AddressCounts;
  /** Viewers that a stream may have, as what let its publisher in says. */
  readonly maxViewersOf?: (path: string) => number | undefined;
  /** Is told that a stream has another viewer. */
  readonly came?: (path: string) => void;
  /** Is told what viewers of a stream were sent. */
  readonly sent?: (path: string, bytes: number) => void;
  readonly counters: Counters;
  readonly memory: MemoryBudget;
  readonly clients: Clients;
  /** It is told of those who are gone. */
  readonly access: Access;
  /** The number of the shard. */
  readonly shard: number;
}

/**
 * The viewers of a shard, whatever they speak: who has room, who is there, and until when. All limits
 * on them are here, and all that counts them.
 *
 * @example
 * ```ts ignore
 * const ticket = viewers.admit({ asked, allowed, askedAtMs, path, from });
 * if (!(ticket instanceof Ticket)) return refuse(ticket.reason);
 * ticket.begin(session);
 * // … as soon as it is gone:
 * ticket.close("it has left");
 * ```
 */
export class Viewers {
  readonly #options: ViewersOptions;
  readonly #tickets = new Set<Ticket>();
  readonly #lags: LagSamples;
  #isLeaving = false;

  constructor(options: ViewersOptions) {
    this.#options = options;
    this.#lags = new LagSamples(this.#tickets, options.counters);
  }

  /** Why there is no room for a viewer: a sentence without a full stop. */
  refusal(protocol: ViewerProtocol, hostname: string): Refusal | undefined {
    const { places } = this.#options;
    const { places: needed } = KINDS[protocol];
    const full = this.#fullRefusal() ??
      needed.map((kind) => places[kind].refusal(hostname)).find((found) => found !== undefined);
    return full && inWords(full);
  }

  /** The server ends: nobody is let in any more. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Viewers of a stream over all shards and protocols, about. */
  countOf(path: string): number {
    return this.#options.streamCounts.of(streamKey(path));
  }

  /** A viewer is refused, for want of room or for another reason. */
  noteRefusal(protocol: ViewerProtocol): void {
    this.#options.counters.add(KINDS[protocol].refused);
  }

  /**
   * Nothing came of a view, though it may have been allowed: whoever was told of that is told that it
   * is over.
   */
  turnAway(request: AccessRequest, decision: AccessDecision, reason: string): void {
    if (decision.kind === "refuse") return;
    this.#options.access.ended?.({ request, decision, durationMs: 0, bytes: 0, reason });
  }

  /** Lets a viewer in, if there is room for it; the ticket is to be closed when it is gone. */
  admit(request: ViewerRequest): Ticket | Refusal {
    const { asked: { protocol }, allowed, path } = request;
    const { accepted, areOffered, gauge } = KINDS[protocol];
    const { access, counters, clients, shard, streamCounts } = this.#options;
    const { maxViewers = Infinity } = allowed.limits ?? {};
    const refusal = this.#fullRefusal() ?? this.#streamRefusal(path, maxViewers);
    const room = refusal ?? this.#take(protocol, request.from.hostname);
    if ("reason" in room) return inWords(room);
    counters.add(accepted);
    counters.add("viewers");
    if (gauge !== undefined) counters.add(gauge);
    streamCounts.add(streamKey(path));
    const ticket: Ticket = new Ticket(
      request,
      shard,
      { areOffered, places: room.places },
      (end) => {
        this.#count(ticket, performance.now());
        room.held.close();
        counters.add("viewers", -1);
        if (gauge !== undefined) counters.add(gauge, -1);
        streamCounts.remove(streamKey(path));
        this.#tickets.delete(ticket);
        clients.remove(ticket, end.reason);
        access.ended?.({ request: request.asked, decision: ticket.allowed, ...end });
      },
    );
    this.#tickets.add(ticket);
    clients.add(ticket);
    this.#options.came?.(path);
    return ticket;
  }

  /** Ends those whose time is over, and looks at how some fare. To be called every second. */
  sweep(nowMs: number): void {
    this.#lags.take();
    for (const ticket of this.#tickets) {
      this.#count(ticket, nowMs);
      if (nowMs >= ticket.endsAtMs) ticket.end("its time is over");
    }
  }

  #count(ticket: Ticket, nowMs: number): void {
    const bytes = ticket.takeBytes(nowMs);
    if (bytes > 0) this.#options.sent?.(ticket.request.path, bytes);
  }

  #fullRefusal(): Refusal | undefined {
    if (this.#isLeaving) return { scope: "all", reason: "the server is about to stop" };
    const { counters, settings: { maxViewers } } = this.#options;
    if (counters.total("viewers") < maxViewers) return undefined;
    return { scope: "all", reason: `there may be up to ${howMany(maxViewers, "viewers")}` };
  }

  /** @param mostHere viewers that what let this one in allows */
  #streamRefusal(path: string, mostHere: number): Refusal | undefined {
    const maxViewers = Math.min(mostHere, this.#options.maxViewersOf?.(path) ?? Infinity);
    if (this.#options.streamCounts.of(streamKey(path)) < maxViewers) return undefined;
    return { scope: "all", reason: `the stream may have up to ${howMany(maxViewers, "viewers")}` };
  }

  #take(protocol: ViewerProtocol, hostname: string): Room | Refusal {
    const kind = KINDS[protocol];
    const holder = holderOf(this.#options.memory, hostname);
    const held = new MemoryHolding(this.#options.memory, "sessions", holder);
    const lack = held.resize(kind.memoryBytes);
    if (lack !== undefined) return { scope: "all", reason: describeRefusal(lack) };
    const places: Place[] = [];
    for (const name of kind.places) {
      const place = this.#options.places[name].take(hostname);
      if (place instanceof Place) {
        places.push(place);
        continue;
      }
      for (const taken of places) taken.leave();
      held.close();
      return place;
    }
    return { places, held };
  }
}

/** What a viewer has of what is limited. */
interface Room {
  readonly places: readonly Place[];
  readonly held: MemoryHolding;
}

/** What a stream is counted under: nothing that begins so is an address. */
function streamKey(path: string): string {
  return `/${path}`;
}

function inWords({ scope, reason }: Refusal): Refusal {
  return { scope, reason: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}` };
}
