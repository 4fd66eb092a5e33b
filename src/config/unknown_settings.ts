import { nearestName } from "./nearest_name.ts";

/** Names of settings: of each section, or list of such, with what is in it; of others with nothing. */
export interface KnownSettings {
  readonly [name: string]: KnownSettings | undefined;
}

/** Letters of an unknown name that are shown: it may be anything, a key in the wrong place. */
const MAX_SHOWN_LENGTH = 32;

/**
 * Every setting of `given` that there is none of: "unknown setting rtmpPrt; did you mean rtmpPort?"
 *
 * @param given members by name, of any shape
 */
export function unknownSettings(
  given: Readonly<Record<string, unknown>>,
  known: KnownSettings,
): string[] {
  return unknownIn(given, known, "", pathsOf(known));
}

function unknownIn(
  given: Readonly<Record<string, unknown>>,
  known: KnownSettings,
  prefix: string,
  paths: readonly string[],
): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (!Object.hasOwn(known, name)) return [unknownSetting(name, known, prefix, paths)];
    const inside = known[name];
    if (inside === undefined) return [];
    const sections = Array.isArray(value)
      ? value.map((one, at) => [one, `${prefix}${name}.${at}.`] as const)
      : [[value, `${prefix}${name}.`] as const];
    return sections.flatMap(([section, path]) =>
      isRecord(section) ? unknownIn(section, inside, path, paths) : []
    );
  });
}

function unknownSetting(
  name: string,
  known: KnownSettings,
  prefix: string,
  paths: readonly string[],
): string {
  // Mistyped in this section, or as it stands in another one, or mistyped in any.
  const nearest = prefixed(prefix, nearestName(name, Object.keys(known))) ??
    paths.find((path) => path.split(".").at(-1) === name) ??
    nearestName(name, paths);
  const unknown = `unknown setting ${prefix}${shown(name)}`;
  return nearest === undefined ? unknown : `${unknown}; did you mean ${nearest}?`;
}

function prefixed(prefix: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : prefix + name;
}

function pathsOf(known: KnownSettings, prefix = ""): string[] {
  return Object.entries(known).flatMap(([name, inside]) =>
    inside === undefined ? [prefix + name] : pathsOf(inside, `${prefix}${name}.`)
  );
}

function shown(name: string): string {
  return /^[\w-]+$/.test(name) && name.length <= MAX_SHOWN_LENGTH
    ? name
    : JSON.stringify(name.slice(0, MAX_SHOWN_LENGTH));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
