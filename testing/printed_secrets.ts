/** Looks for what nobody may read in a log, in all that the program prints in any test. */

/** Members of a configuration that hold secrets, hashes of them among these. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  ...["adminToken", "token", "secret", "hash", "key"],
]);

/** A text that is this long is in no line by chance. */
const PIECE_LENGTH = 16;

/** What clients show, by its form; the start-up lines say where it goes. */
const CREDENTIALS: Readonly<Record<string, RegExp>> = {
  "a token behind an address": /[?&]token=(?!TOKEN\b)/,
  "a header with credentials": /\bauthorization["': ]+(?:bearer|basic)\b/i,
  "a JSON Web Token": /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/,
  "a signed URL": /\bs1a?\.[\w-]+\.[0-9a-z]{5,8}\.[\w-]{22}\b/,
};

/**
 * What is printed and should not be: names of members of the configuration, and kinds of credentials.
 *
 * @param config what the program was configured with
 */
export function printedSecrets(printed: string, config: unknown): string[] {
  const configured = secretsOf(config, "").filter(({ text }) => isIn(printed, text));
  const shown = Object.entries(CREDENTIALS).filter(([, form]) => form.test(printed));
  return [...configured.map(({ member }) => member), ...shown.map(([kind]) => kind)];
}

interface Secret {
  readonly member: string;
  readonly text: string;
}

function secretsOf(value: unknown, member: string): Secret[] {
  if (typeof value === "string") return SECRET_MEMBERS.has(member) ? [{ member, text: value }] : [];
  if (Array.isArray(value)) return value.flatMap((one) => secretsOf(one, member));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => secretsOf(one, name));
}

/** Of a key in lines, each line is a secret, but for those that only say what it is. */
function isIn(printed: string, secret: string): boolean {
  return secret.split("\n")
    .filter((line) => line.length >= PIECE_LENGTH && !line.startsWith("-----"))
    .some((line) => printed.includes(line.slice(-PIECE_LENGTH)));
}
