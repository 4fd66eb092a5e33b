import { createHmac } from "node:crypto";
import { unprintableIn } from "../bytes/printable.ts";
import type { AccessDecision, AccessRequest, EndedSession } from "./access.ts";
import { AccessError } from "./access_error.ts";
import type { FetchedAnswer } from "./bounded_fetch.ts";
import { limitsOf } from "./limits.ts";
import { MAX_PATTERN_LENGTH } from "./path_pattern.ts";
import { MAX_SUBJECT_LENGTH, refuse } from "./source.ts";

/** What hooks are told, by the names that SRS has for it. */
export const HOOK_EVENTS = ["on_publish", "on_unpublish", "on_play", "on_stop"] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

/** SRS's name of the virtual host of those who name none. */
const VHOST = "__defaultVhost__";

/** The body that tells a hook what somebody wants to do, or has done: SRS's, extended. */
export function hookBody(event: HookEvent, request: AccessRequest, ended?: EndedSession): string {
  const { path, query, credentials } = request;
  const slash = path.lastIndexOf("/");
  const app = path.slice(0, Math.max(slash, 0));
  return JSON.stringify({
    server_id: "sluice",
    action: event,
    client_id: request.id,
    ip: request.address ?? "",
    vhost: VHOST,
    app,
    tcUrl: `rtmp://${VHOST}/${app}`,
    stream: path.slice(slash + 1),
    param: query === "" ? "" : `?${query}`,
    stream_url: `/${path}`,
    ...(event === "on_play" ? { pageUrl: "" } : {}),
    protocol: request.protocol,
    user_agent: request.userAgent ?? "",
    ...credentials,
    ...(request.isAgain ? { again: true } : {}),
    ...(ended === undefined ? {} : {
      duration_ms: Math.round(ended.durationMs),
      bytes: ended.bytes,
      decided_by: ended.decision.decidedBy,
      reason: ended.reason,
    }),
  });
}

/** What the header of a signed request has: its time, and HMAC-SHA256 over "time.body". */
export function hookSignature(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const signature = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${signature}`;
}

/**
 * What a hook has decided. "0", or an object whose code is 0, lets in; fields beside the code
 * change how: `path`, `expiresInMs`, `limits`, `list`, `subject`.
 *
 * @throws {AccessError} if it is no decision at all
 */
export function hookDecision(
  { status, text }: FetchedAnswer,
  hook: string,
  nowMs: number,
): AccessDecision {
  const decidedBy = `hook ${hook}`;
  if (status === 401) return refuse("unauthorized", "hook", decidedBy);
  if (status >= 400 && status < 500) return refuse("forbidden", "hook", decidedBy);
  if (status !== 200) throw new AccessError(`status ${status}`);
  const answer = answerOf(text);
  if (answer["code"] !== 0) return refuse("forbidden", "hook", decidedBy);
  const subject = optional(answer, "subject", isSubject);
  const path = optional(answer, "path", isStreamPath);
  const expiresInMs = optional(answer, "expiresInMs", isLifetime);
  const list = optional(answer, "list", (value): value is boolean => typeof value === "boolean");
  const limits = limitsOf(answer["limits"]);
  return {
    kind: "allow",
    decidedBy,
    ...(subject === undefined
      ? { subject: decidedBy, isShared: true }
      : { subject: `user ${subject}`, isShared: false }),
    ...(path === undefined ? {} : { path }),
    ...(expiresInMs === undefined ? {} : { expiresAtMs: nowMs + expiresInMs }),
    ...(limits === undefined ? {} : { limits }),
    ...(list === false ? { isUnlisted: true } : {}),
  };
}

type Answer = Readonly<Record<string, unknown>>;

/** The object that a body is; a number alone is its code. */
function answerOf(text: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AccessError("an answer that is no JSON");
  }
  if (typeof value === "number") return { code: value };
  if (typeof value !== "object" || value === null || !("code" in value)) {
    throw new AccessError("an answer without a code");
  }
  return { ...value };
}

function optional<Value>(
  answer: Answer,
  name: string,
  is: (value: unknown) => value is Value,
): Value | undefined {
  const value = answer[name];
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw new AccessError(`an answer whose ${name} cannot be used`);
  return value;
}

function isSubject(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_SUBJECT_LENGTH &&
    unprintableIn(value) === undefined;
}

function isLifetime(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** Application and name, as URLs can have them. */
function isStreamPath(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_PATTERN_LENGTH &&
    /^[^/?#\\]+(\/[^/?#\\]+)+$/.test(value) && unprintableIn(value) === undefined &&
    !value.split("/").some((part) => part === "." || part === "..");
}
