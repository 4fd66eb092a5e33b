import type { AccessAction, AccessLimits, AccessRequest } from "./access.ts";
import { limitsOf } from "./limits.ts";
import { fitsOne, fitsPattern } from "./path_pattern.ts";
import { shortName } from "./subject_name.ts";

/** What a token says of its bearer, of any shape. */
export type Claims = Readonly<Record<string, unknown>>;

/** mediamtx's names of what is done here. */
const ACTIONS_OF_MEDIAMTX: Readonly<Record<string, AccessAction>> = {
  publish: "publish",
  read: "play",
  api: "api",
};

/**
 * Whether a token's claims allow a request. They may be written in mediamtx's shape, a list of
 * `{ "action": "read", "path": "live/test" }`, or plainly, with a path or several by action:
 * `{ "play": ["live/*"], "publish": "live/test", "api": true }`.
 *
 * @param listClaim the name of the claim that has mediamtx's shape
 */
export function claimsAllow(
  claims: Claims,
  { action, path }: Pick<AccessRequest, "action" | "path">,
  listClaim: string,
): boolean {
  const list = claims[listClaim];
  return allowsPlainly(claims[action], path) ||
    (Array.isArray(list) && list.some((entry) => allowsByEntry(entry, action, path)));
}

function allowsPlainly(claim: unknown, path: string): boolean {
  if (typeof claim === "string") return fitsPattern(claim, path);
  if (Array.isArray(claim)) return fitsOne(claim.filter((one) => typeof one === "string"), path);
  return claim === true;
}

function allowsByEntry(entry: unknown, action: AccessAction, path: string): boolean {
  if (typeof entry !== "object" || entry === null) return false;
  const given: Claims = { ...entry };
  if (ACTIONS_OF_MEDIAMTX[`${given["action"]}`] !== action) return false;
  const pattern = given["path"] ?? "";
  if (typeof pattern !== "string") return false;
  if (pattern === "") return true;
  return pattern.startsWith("~") ? fitsExpression(pattern.slice(1), path) : pattern === path;
}

/** Of regular expressions, those that say no more than "*" does: "^live/.*$". */
const SIMPLE_EXPRESSION = /^\^?((?:[\w/-]|\\[./-]|\.[*+])*)\$?$/;

/**
 * Regular expressions could take for ever. Of what mediamtx allows, the simple ones are understood;
 * another one allows nothing.
 */
function fitsExpression(expression: string, path: string): boolean {
  const body = SIMPLE_EXPRESSION.exec(expression)?.[1];
  if (body === undefined) return false;
  const open = (isOpen: boolean) => isOpen ? "\n" : "";
  const marked = open(!expression.startsWith("^")) + body.replaceAll(/\.[*+]/g, "\n") +
    open(!expression.endsWith("$"));
  return fitsRuns(marked.replaceAll("\\", "").split("\n"), path);
}

/** Whether a path is made of these pieces in their order, with anything between them. */
function fitsRuns(pieces: readonly string[], path: string): boolean {
  const first = pieces[0]!;
  if (pieces.length === 1) return path === first;
  const last = pieces.at(-1)!;
  if (!path.startsWith(first) || path.length < first.length + last.length) return false;
  let from = first.length;
  const end = path.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = path.indexOf(piece, from);
    if (at < 0 || at + piece.length > end) return false;
    from = at + piece.length;
  }
  return path.endsWith(last);
}

/**
 * Limits and the like that a token sets.
 *
 * @throws {AccessError} if they are of the wrong shape
 */
export function claimedLimits(
  claims: Claims,
): { readonly limits?: AccessLimits; readonly isUnlisted?: true } {
  const limits = limitsOf(claims["limits"]);
  return {
    ...(limits === undefined ? {} : { limits }),
    ...(claims["list"] === false ? { isUnlisted: true } : {}),
  };
}

/** The subject that a token with this id (`jti`) has. */
export function tokenSubject(id: string): string {
  return `token ${shortName(id)}`;
}

/** The subject of a user: of a token without an id that is for it (`sub`), or whom a hook names. */
export function userSubject(name: string): string {
  return `user ${shortName(name)}`;
}

/** Who a token is of, for limits and revocation: its own id, or else the one whom it is for. */
export interface ClaimedNames {
  readonly subject?: string;
  readonly user?: string;
}

export function claimedNames({ jti, sub }: Claims): ClaimedNames {
  const user = isNamed(sub) ? userSubject(sub) : undefined;
  const subject = isNamed(jti) ? tokenSubject(jti) : user;
  return { ...(subject === undefined ? {} : { subject }), ...(user === undefined ? {} : { user }) };
}

function isNamed(text: unknown): text is string {
  return typeof text === "string" && text !== "";
}
