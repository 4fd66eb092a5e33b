import { createHash } from "node:crypto";
import { MAX_SUBJECT_LENGTH } from "./source.ts";

/** Of a longer one: its beginning, and digits that no other name with the same beginning has. */
const BEGINNING_LENGTH = 40;
const DIGITS = 16;

/** What a token or user is called by in lists, logs and `revoke`, however long its own name is. */
export function shortName(name: string): string {
  if (name.length <= MAX_SUBJECT_LENGTH) return name;
  const digits = createHash("sha256").update(name).digest("hex").slice(0, DIGITS);
  return `${name.slice(0, BEGINNING_LENGTH)}~${digits}`;
}

/** The same of what `revoke` names: a name alone, or a whole subject ("token 5f2a"). */
export function shortSubject(text: string): string {
  const kind = /^(?:token|user) /.exec(text)?.[0] ?? "";
  return kind + shortName(text.slice(kind.length));
}
