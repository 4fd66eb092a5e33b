/** What a text of metrics says: strict, so that what Prometheus would not take fails. */
export interface Samples {
  /** Values by series, written as in the text: `sluice_connections{protocol="rtmp"}`. */
  readonly values: ReadonlyMap<string, number>;
  /** "counter", "gauge" or "histogram", by family. */
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
}

const SAMPLE = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (NaN|[+-]?[\d.e+-]+)$/;

/** @throws {Error} for a line that is none, a series that is told twice, or one of no family */
export function parseSamples(text: string): Samples {
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  if (!text.endsWith("\n")) throw new Error("The text must end with a line break");
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, family, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const known = kind === "HELP" ? helps : types;
      if (known.has(family!)) throw new Error(`Told twice: ${line}`);
      known.set(family!, rest!);
      continue;
    }
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw new Error(`No sample: ${line}`);
    const familyName = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, "");
    if (!types.has(familyName)) throw new Error(`Of no family: ${line}`);
    const series = `${name}${labels}`;
    if (values.has(series)) throw new Error(`Told twice: ${line}`);
    values.set(series, Number(value));
  }
  return { values, types, helps };
}
