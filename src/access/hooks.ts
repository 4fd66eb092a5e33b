import { getLogger } from "@logtape/logtape";
import type { AccessDecision, AccessRequest, Allowed, EndedSession, Refused } from "./access.ts";
import { AccessError } from "./access_error.ts";
import { boundedFetch, type FetchedAnswer } from "./bounded_fetch.ts";
import { FairShare } from "./fair_share.ts";
import { hookBody, hookDecision, type HookEvent, hookSignature } from "./hook_messages.ts";
import { type NoticeCause, NoticeQueue } from "./notice_queue.ts";
import { fitsOne } from "./path_pattern.ts";
import { type AccessSource, refuse } from "./source.ts";

/** Requests of a shard that wait for hooks at the same time: each has a socket. */
const MAX_IN_FLIGHT = 512;

/**
 * After such an answer nobody knows whether the hook has let somebody in, and counts it: it says 200
 * with what cannot be used, or a proxy in front of it says that it has got no answer.
 */
const UNCLEAR_STATUSES: readonly number[] = [200, 502, 504];

/** Bytes of a hook's answer. */
const MAX_ANSWER_BYTES = 64 * 1024;

const FIRST_RETRY_MS = 1000;

const HOOK_FAILED = "hook failed";

const logger = getLogger(["sluice", "access"]);

/** A hook as the configuration has it. */
export interface HookSettings {
  /** What the log, metrics and `revoke` name; by default its number, from 1 on. */
  readonly id?: string | undefined;
  readonly url: string;
  /** What it is told. */
  readonly events: readonly HookEvent[];
  /** Patterns of the paths that it is told of. */
  readonly paths: readonly string[];
  /** Whether on_publish and on_play are its to decide, or it is only told of them. */
  readonly decides: boolean;
  /** Signs what it is sent. */
  readonly secret?: string | undefined;
  readonly timeoutMs: number;
}

/** How a hook took a request. */
export type HookOutcome = "allow" | "refuse" | "failed" | "told";

/** Takes notice of hooks, for metrics. */
export interface HookObserver {
  readonly answered: (
    hook: string,
    event: HookEvent,
    outcome: HookOutcome,
    tookMs: number,
  ) => void;
  /** It will never know of something. */
  readonly noticeLost: (hook: string) => void;
}

/** Names of the hooks that were told of what somebody asked for, by its question. */
export type HooksTold = WeakMap<AccessRequest, Set<string>>;

/** What hooks need beside their settings. */
export interface HooksOptions {
  readonly nowMs: () => number;
  readonly told?: HooksTold;
  readonly firstRetryMs?: number;
}

/** What came of a question. */
interface Answered {
  readonly decision: AccessDecision;
  /** Whether the hook has let somebody in, or may have, as far as it knows. */
  readonly mayCount: boolean;
}

interface Hook extends HookSettings {
  readonly name: string;
  readonly notices: NoticeQueue<Notice>;
}

interface Notice {
  readonly event: HookEvent;
  readonly body: string;
}

/** Has other servers decide, and tells them what has happened. Who cannot be asked, refuses. */
export class Hooks implements AccessSource {
  readonly #hooks: readonly Hook[];
  readonly #observer: HookObserver;
  readonly #nowMs: () => number;
  readonly #toldOf: HooksTold;
  readonly #share = new FairShare(MAX_IN_FLIGHT);

  constructor(
    settings: readonly HookSettings[],
    observer: HookObserver,
    { nowMs, told = new WeakMap(), firstRetryMs = FIRST_RETRY_MS }: HooksOptions,
  ) {
    this.#observer = observer;
    this.#nowMs = nowMs;
    this.#toldOf = told;
    this.#hooks = settings.map((hook, at) => {
      const name = hook.id ?? `${at + 1}`;
      const events = {
        send: (notice: Notice) => this.#tell({ ...hook, name }, notice),
        lost: (reason: string) => this.#onLost(name, reason),
      };
      return { ...hook, name, notices: new NoticeQueue(events, firstRetryMs) };
    });
  }

  asksElsewhere(request: AccessRequest): boolean {
    const event = beginOf(request);
    return event !== undefined && this.#told(event, request.path).some(({ decides }) => decides);
  }

  /** All that are to decide have to allow it; what the later ones set counts more. */
  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> | undefined {
    const event = beginOf(request);
    if (event === undefined) return undefined;
    const asked = this.#told(event, request.path).filter(({ decides }) => decides);
    if (asked.length === 0) return undefined;
    // It is not asked for a list, and what it may refuse is not to be in one.
    if (request.isListing) return refuse("forbidden", "hooks are not asked for lists", "hooks");
    return this.#askAll(asked, event, request);
  }

  /** Tells those that do not decide that somebody was let in, whoever has decided. */
  began(request: AccessRequest, decision: Allowed): void {
    const event = beginOf(request);
    if (event === undefined || request.isListing || request.isAgain) return;
    const used = withPath(request, decision);
    for (const hook of this.#told(event, used.path)) {
      if (hook.decides) continue;
      this.#noteTold(request, hook);
      hook.notices.add({ event, body: hookBody(event, used) }, causeOf(request));
    }
  }

  /**
   * Tells that a session is over, or has come to nothing: those that were told of its beginning, or
   * that are never told of one.
   */
  ended(session: EndedSession): void {
    const { request, decision } = session;
    const begin = beginOf(request);
    const event = request.action === "publish" ? "on_unpublish" : "on_stop";
    const used = withPath(request, decision);
    const told = this.#toldOf.get(request);
    this.#toldOf.delete(request);
    for (const hook of this.#hooks) {
      if (begin === undefined || !hook.events.includes(event)) continue;
      const isMeant = hook.events.includes(begin)
        ? told?.has(hook.name)
        : fitsOne(hook.paths, used.path);
      if (!isMeant) continue;
      hook.notices.add({ event, body: hookBody(event, used, session) }, causeOf(request));
    }
  }

  #noteTold(request: AccessRequest, { name }: Hook): void {
    const told = this.#toldOf.get(request);
    if (told === undefined) this.#toldOf.set(request, new Set([name]));
    else told.add(name);
  }

  /** Has the last notices sent, within that time. */
  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#hooks.map(({ notices }) => notices.close(graceMs)));
  }

  #told(event: HookEvent, path: string): Hook[] {
    return this.#hooks.filter(({ events, paths }) =>
      events.includes(event) && fitsOne(paths, path)
    );
  }

  async #askAll(
    hooks: readonly Hook[],
    event: HookEvent,
    request: AccessRequest,
  ): Promise<AccessDecision> {
    const giveBack = this.#share.take(request.address);
    if (giveBack === undefined) return refuse("unavailable", "hooks are busy", "hooks");
    try {
      let all: Allowed | undefined;
      const body = hookBody(event, request);
      for (const hook of hooks) {
        const { decision: one, mayCount } = await this.#ask(hook, event, body);
        // Of who is there already, the end is told when it comes.
        if (mayCount && !request.isAgain) this.#noteTold(request, hook);
        if (one.kind === "refuse") {
          if (this.#toldOf.has(request)) this.ended(notBegun(request, all, one));
          return one;
        }
        all = all === undefined ? one : merged(all, one);
      }
      return all!;
    } finally {
      giveBack();
    }
  }

  async #ask(hook: Hook, event: HookEvent, body: string): Promise<Answered> {
    const sinceMs = performance.now();
    const answered = (outcome: HookOutcome) =>
      this.#observer.answered(hook.name, event, outcome, performance.now() - sinceMs);
    let answer: FetchedAnswer | undefined;
    try {
      answer = await this.#post(hook, body);
      const decision = hookDecision(answer, hook.name, this.#nowMs());
      answered(decision.kind);
      return { decision, mayCount: decision.kind === "allow" };
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      answered("failed");
      logger.warn("Hook {hook} fails, so {event} is refused: {reason}", {
        hook: hook.name,
        event,
        reason: error.message,
      });
      const decision = refuse("unavailable", HOOK_FAILED, `hook ${hook.name}`);
      const mayCount = answer === undefined
        ? error.mayBeDone
        : UNCLEAR_STATUSES.includes(answer.status);
      return { decision, mayCount };
    }
  }

  async #tell(
    hook: HookSettings & { readonly name: string },
    { event, body }: Notice,
  ): Promise<void> {
    const sinceMs = performance.now();
    const answered = (outcome: HookOutcome) =>
      this.#observer.answered(hook.name, event, outcome, performance.now() - sinceMs);
    try {
      const { status } = await this.#post(hook, body);
      if (status < 200 || status >= 300) throw new AccessError(`status ${status}`);
      answered("told");
    } catch (error) {
      answered("failed");
      throw error;
    }
  }

  #post({ url, secret, timeoutMs }: HookSettings, body: string) {
    const headers = {
      "content-type": "application/json",
      "user-agent": "sluice",
      ...(secret === undefined
        ? {}
        : { "x-sluice-signature": hookSignature(secret, body, this.#nowMs()) }),
    };
    const limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
    return boundedFetch(url, { method: "POST", headers, body }, limits);
  }

  #onLost(hook: string, reason: string): void {
    this.#observer.noticeLost(hook);
    logger.warn("Hook {hook} is not told of something: {reason}", { hook, reason });
  }
}

function beginOf({ action }: AccessRequest): HookEvent | undefined {
  return action === "publish" ? "on_publish" : action === "play" ? "on_play" : undefined;
}

/** Viewers come and go by the thousand: no publisher is to be missed for that. */
function causeOf({ address, action }: AccessRequest): NoticeCause {
  return { address, isMinor: action === "play" };
}

/** What hooks have allowed, or may have, and is refused in the end. */
function notBegun(
  request: AccessRequest,
  allowed: Allowed | undefined,
  { cause, decidedBy }: Refused,
): EndedSession {
  const decision = allowed ?? { kind: "allow", decidedBy };
  const reason = cause === HOOK_FAILED ? "A hook has failed" : "Another hook refuses it";
  return { request, decision, durationMs: 0, bytes: 0, reason };
}

/** The path that is used: the one that was asked for may be a key. */
function withPath(request: AccessRequest, { path }: Allowed): AccessRequest {
  return path === undefined ? request : { ...request, path };
}

function merged(first: Allowed, second: Allowed): Allowed {
  const limits = { ...first.limits, ...second.limits };
  // A hook that names nobody leaves it at whom one before has named.
  const { subject, isShared } = second.isShared && !first.isShared ? first : second;
  return {
    ...first,
    ...second,
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(subject === undefined ? {} : { subject }),
    ...(isShared === undefined ? {} : { isShared }),
  };
}
