/** The text format of Prometheus, version 0.0.4. */

import { type GaugeName, GAUGES, type TotalName, TOTALS } from "./counted.ts";
import type { Labels, NamedFamily } from "./family.ts";
import {
  GAUGE_POSITIONS,
  HISTOGRAM_PLACES,
  MEASURE_POSITIONS,
  TALLY_PLACES,
  type TallyPlace,
  TOTAL_POSITIONS,
} from "./layout.ts";
import { BUILD_INFO, HISTOGRAMS, type MeasureName, MEASURES, TALLIES } from "./measured.ts";
import type { MetricRows } from "./metric_rows.ts";

/** What this text is, as HTTP has it. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What is told beside what is in the rows. */
export interface ExpositionOptions {
  readonly version: string;
  /** What the label `thread` says, for each row. */
  readonly threads: readonly string[];
}

/**
 * All metrics of the process as text.
 *
 * @example
 * ```ts
 * import { exposition } from "./exposition.ts";
 * import { MetricRows } from "./metric_rows.ts";
 *
 * const rows = new MetricRows(MetricRows.allocate(1));
 * exposition(rows, { version: "1.0", threads: ["0"] }); // "# HELP sluice_connections Open …"
 * ```
 */
export function exposition(rows: MetricRows, { version, threads }: ExpositionOptions): string {
  const out = new Lines();
  for (const family of GAUGES) {
    out.named(family, "gauge", (name) => rows.sumOfWords(GAUGE_POSITIONS[name as GaugeName]));
  }
  for (const family of TOTALS) {
    out.named(family, "counter", (name) => rows.sum(TOTAL_POSITIONS[name as TotalName]));
  }
  for (const [name, family] of Object.entries(TALLIES)) {
    out.head(family, "counter");
    const place = TALLY_PLACES[name as keyof typeof TALLIES];
    for (const { labels, at } of seriesOf(place, 1)) {
      const value = rows.sum(at);
      if (value > 0) out.line(family.name, labels, value);
    }
  }
  for (const [name, family] of Object.entries(HISTOGRAMS)) {
    writeHistograms(out, rows, threads, name as keyof typeof HISTOGRAMS, family);
  }
  for (const family of MEASURES) writeMeasures(out, rows, threads, family);
  out.head(BUILD_INFO, "gauge");
  out.line(BUILD_INFO.name, { version }, 1);
  return out.text;
}

function writeMeasures(
  out: Lines,
  rows: MetricRows,
  threads: readonly string[],
  family: (typeof MEASURES)[number],
): void {
  const series = Object.entries<Labels>(family.series).flatMap(([name, labels]) => {
    const at = MEASURE_POSITIONS[name as MeasureName];
    // One thread has each measure of the process.
    return threads.map((thread, row) => ({
      labels: family.of === "thread" ? { ...labels, thread } : labels,
      value: rows.double(row, at),
    }));
  }).filter(({ value }) => !Number.isNaN(value));
  if (series.length === 0) return;
  out.head(family, family.type);
  for (const { labels, value } of series) out.line(family.name, labels, value);
}

function writeHistograms(
  out: Lines,
  rows: MetricRows,
  threads: readonly string[],
  name: keyof typeof HISTOGRAMS,
  family: (typeof HISTOGRAMS)[typeof name],
): void {
  const place = HISTOGRAM_PLACES[name];
  out.head(family, "histogram");
  for (const { labels, at } of seriesOf(place, place.bounds.length + 2)) {
    if (family.of === "process") {
      out.histogram(family.name, labels, place.bounds, (offset) => rows.sum(at + offset));
      continue;
    }
    threads.forEach((thread, row) => {
      const read = (offset: number) => rows.double(row, at + offset);
      out.histogram(family.name, { ...labels, thread }, place.bounds, read);
    });
  }
}

/** Every combination of the labels' values, with where it lies. */
function seriesOf({ at, size, labels }: TallyPlace, seriesSize: number) {
  return Array.from({ length: size / seriesSize }, (_, series) => {
    const offset = series * seriesSize;
    return {
      at: at + offset,
      labels: Object.fromEntries(labels.map(({ label, values, stride }) => {
        return [label, values[Math.floor(offset / stride) % values.length]!];
      })),
    };
  });
}

/** Lines of the text, one behind the other. */
class Lines {
  #lines: string[] = [];

  get text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  head({ name, help }: { readonly name: string; readonly help: string }, type: string): void {
    this.#lines.push(`# HELP ${name} ${escapeText(help)}`, `# TYPE ${name} ${type}`);
  }

  line(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    this.#lines.push(`${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`);
  }

  named(family: NamedFamily, type: string, valueOf: (name: string) => number): void {
    this.head(family, type);
    for (const [name, labels] of Object.entries(family.series)) {
      this.line(family.name, labels, valueOf(name));
    }
  }

  /**
   * Nothing, as long as nothing was noted.
   *
   * @param read buckets by their number, the last of them without a bound, and the sum behind them
   */
  histogram(
    name: string,
    labels: Labels,
    bounds: readonly number[],
    read: (offset: number) => number,
  ): void {
    // The count is that of the buckets, so that all that is told at one moment fits together.
    let count = 0;
    const counts = [...bounds, Infinity].map((_, bucket) => count += read(bucket));
    if (count === 0) return;
    for (const [bucket, upTo] of counts.entries()) {
      const le = bucket === bounds.length ? "+Inf" : `${bounds[bucket]}`;
      this.line(`${name}_bucket`, { ...labels, le }, upTo);
    }
    this.line(`${name}_sum`, labels, read(bounds.length + 1));
    this.line(`${name}_count`, labels, count);
  }
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeText(text).replaceAll('"', '\\"');
}
