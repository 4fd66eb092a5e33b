/** Edits that a mistyped name may be away, and the share of its letters that they may be. */
const MAX_EDITS = 3;
const MAX_EDIT_SHARE = 0.4;

/** A name that is longer was not typed: comparing takes time with the product of both lengths. */
const MAX_LENGTH = 64;

/**
 * The one of `known` that `name` was probably meant to be; `undefined` if none is near. Case and
 * what is no letter or digit do not count: "rtmp-port" is "rtmpPort".
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const plain = plainName(name);
  const limit = Math.min(MAX_EDITS, Math.floor(plain.length * MAX_EDIT_SHARE));
  let nearest: { readonly name: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = editsBetween(plain, plainName(candidate));
    if (edits <= limit && edits < (nearest?.edits ?? Infinity)) {
      nearest = { name: candidate, edits };
    }
  }
  return nearest?.name;
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Letters to insert, leave out, replace or swap (the distance of Damerau and Levenshtein). */
function editsBetween(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let at = 1; at <= other.length; at++) {
      const isSame = one[row - 1] === other[at - 1];
      const isSwapped = row > 1 && at > 1 && one[row - 1] === other[at - 2] &&
        one[row - 2] === other[at - 1];
      current[at] = Math.min(
        current[at - 1]! + 1,
        last[at]! + 1,
        last[at - 1]! + (isSame ? 0 : 1),
        isSwapped ? beforeLast[at - 2]! + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length]!;
}
