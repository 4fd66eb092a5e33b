import {
  type Access,
  type AccessRequest,
  type Allowed,
  areSameSubject,
  type Credentials,
  type Refused,
} from "../../../access/access.ts";
import { hasCredentials } from "../../../access/credentials.ts";
import { isSameSecret } from "../../../access/same_secret.ts";
import type { SessionCaller } from "../routing/forwarded_request.ts";

const NAMES = ["token", "user", "password"] as const;

/**
 * Why somebody may not see, change or end a session, whose address alone does not do: it takes what
 * created the session, something else of the same key or token, or the right to use the API.
 */
export async function sessionRefusal(
  access: Access,
  { asked, allowed }: { readonly asked: AccessRequest; readonly allowed: Allowed },
  caller: SessionCaller,
): Promise<Refused | undefined> {
  const { credentials } = caller;
  if (!hasCredentials(asked.credentials) || isSame(asked.credentials, credentials)) {
    return undefined;
  }
  if (!hasCredentials(credentials)) {
    return refused("unauthorized", "The session needs what it was created with");
  }
  // Nobody has come by this: who is told of sessions is not to be told of one.
  const question = { ...caller, isAgain: true } as const;
  const decision = await access.decide({ ...question, action: asked.action, path: asked.path });
  if (decision.kind === "allow" && areSameSubject(allowed, decision)) return undefined;
  const { kind } = await access.decide({ ...question, action: "api", path: "" });
  if (kind === "allow") return undefined;
  return refused("forbidden", "The session was created with something else");
}

function refused(status: Refused["status"], reason: string): Refused {
  return { kind: "refuse", status, reason, cause: "not its session", decidedBy: "session" };
}

function isSame(one: Credentials, other: Credentials): boolean {
  return NAMES.every((name) => isSameSecret(one[name] ?? "", other[name] ?? ""));
}
