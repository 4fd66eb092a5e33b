import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { HttpResponse } from "../../../http/response.ts";
import { type ApiEvent, EVENT_GROUPS, type EventGroup } from "../../api_event.ts";
import { eventsAnswer, noEvents } from "./event_answers.ts";
import { EventFeed } from "./event_feed.ts";
import type { HttpContext } from "../routing/route_context.ts";
import type { Route, RoutedRequest, RouteGuard } from "../routing/route_table.ts";

/** How long the answer to a question may take: a function has 10 seconds, a set of keys less. */
const MAX_QUESTION_MS = 15_000;

const PATTERN = "/api/v1/events";

/** What events need of their shard. */
export type EventRoutesContext = Pick<
  HttpContext,
  "settings" | "control" | "counters" | "places" | "streams" | "readiness"
>;

/** Somebody who follows. */
interface Follower {
  readonly routed: RoutedRequest;
  /** Until when it may, in milliseconds since 1970. */
  endsAtMs: number;
}

/** Everything that changes, on all shards, as server-sent events for the administrator. */
export class EventRoutes {
  readonly #context: EventRoutesContext;
  readonly #guard: RouteGuard;
  readonly #feed: EventFeed;
  readonly #followers = new Set<Follower>();
  /** Until then, who comes may have been let in by settings that are gone. */
  #lateUntilMs = 0;

  /** @param guard is asked again about those who follow, when the settings have changed */
  constructor(context: EventRoutesContext, guard: RouteGuard) {
    const { control, settings: { identity } } = context;
    this.#context = context;
    this.#guard = guard;
    this.#feed = new EventFeed(identity.service, (isFollowing) => {
      control.send({ kind: "events-follow", isFollowing });
    });
  }

  get routes(): readonly Route[] {
    const route = { pattern: PATTERN, access: "admin" } as const;
    return [
      { ...route, method: "GET", handler: (routed) => this.#follow(routed) },
      {
        ...route,
        method: "HEAD",
        handler: ({ query }) => {
          groupsOf(query);
          return noEvents();
        },
      },
    ];
  }

  /** Takes what control tells. */
  take(first: number, events: readonly ApiEvent[]): void {
    this.#feed.take(first, events);
  }

  /** Ends those whose right has expired. To be called every second, with milliseconds since 1970. */
  tick(nowMs: number): void {
    this.#feed.tick();
    for (const { routed, endsAtMs } of this.#followers) {
      if (nowMs >= endsAtMs) routed.addresses.abort("what let it use the API has expired");
    }
  }

  /** Ends those who may follow no longer. Where nobody can say, they stay. */
  async recheck(): Promise<void> {
    this.#lateUntilMs = performance.now() + MAX_QUESTION_MS;
    await Promise.all([...this.#followers].map((follower) => this.#recheck(follower)));
  }

  /** Ends all who follow. */
  close(): void {
    this.#feed.close();
  }

  async #follow(routed: RoutedRequest): Promise<HttpResponse> {
    const groups = groupsOf(routed.query);
    const follower = { routed, endsAtMs: routed.mayUntilMs };
    this.#followers.add(follower);
    if (performance.now() < this.#lateUntilMs) void this.#recheck(follower);
    const lastId = routed.request.headers.get("last-event-id");
    const open = () =>
      this.#feed.open({ groups, lastId, greeting: () => JSON.stringify(this.#greeting()) });
    return await eventsAnswer(
      this.#context,
      routed,
      "eventFollowers",
      open,
      () => void this.#followers.delete(follower),
    );
  }

  async #recheck(follower: Follower): Promise<void> {
    const verdict = await this.#guard.judge(follower.routed);
    if (typeof verdict === "number") follower.endsAtMs = verdict;
    else if (verdict.status !== STATUS_CODE.ServiceUnavailable) {
      follower.routed.addresses.abort("it may not use the API any more");
    }
  }

  /** Where things stand: the rest is in the lists. */
  #greeting() {
    const { settings, streams, counters, readiness } = this.#context;
    const { identity, version, logLevel } = settings;
    return {
      at: Date.now(),
      ...identity,
      version,
      logLevel,
      isReady: readiness.isReady,
      streams: streams.size,
      clients: counters.total("clients"),
    };
  }
}

/** @throws {HttpError} with status 400 */
function groupsOf(query: URLSearchParams): ReadonlySet<EventGroup> {
  const asked = query.get("of");
  if (asked === null) return new Set(EVENT_GROUPS);
  const names = asked.split(",");
  const groups = EVENT_GROUPS.filter((group) => names.includes(group));
  if (groups.length > 0 && groups.length === new Set(names).size) return new Set(groups);
  throw new HttpError(
    STATUS_CODE.BadRequest,
    `Cannot follow: of must name some of ${EVENT_GROUPS.join(", ")}, got ${
      JSON.stringify(asked.slice(0, 64))
    }`,
  );
}
