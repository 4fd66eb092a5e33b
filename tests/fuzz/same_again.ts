/**
 * Checks that what was decoded keeps its meaning when it is encoded.
 *
 * @param decodeEncoded encodes `decoded`, and decodes what came out
 * @throws {Error} if that fails, with whatever error: of what was decoded, everything must be
 * encodable; or if it is not the same.
 */
export function decodesAgain<T>(
  decoded: T,
  decodeEncoded: () => T,
  isSame: (left: T, right: T) => boolean,
): void {
  let again: T;
  try {
    again = decodeEncoded();
  } catch (error) {
    throw new Error("Cannot decode what was encoded", { cause: error });
  }
  if (!isSame(decoded, again)) throw new Error("Encoded to something else than was decoded");
}
