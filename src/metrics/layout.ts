/**
 * Where each series lies in the memory that threads share: one row for each thread, which that one
 * alone writes. Doubles come first, then the words of gauges.
 */

import { type GaugeName, GAUGES, type TotalName, TOTALS } from "./counted.ts";
import type { TalliedFamily } from "./family.ts";
import {
  type HistogramName,
  HISTOGRAMS,
  type MeasureName,
  MEASURES,
  TALLIES,
  type TallyName,
} from "./measured.ts";

/** Threads write in lines of the processor's cache of their own. */
const LINE_BYTES = 64;

/** A double is read and written whole where it is aligned, on every processor that has 64 bits. */
export const DOUBLE_BYTES = 8;
export const WORD_BYTES = 4;

/** Position of the first series of a family, and how far the series of each label's values lie apart. */
export interface TallyPlace {
  readonly at: number;
  readonly labels: readonly {
    readonly label: string;
    readonly values: readonly string[];
    readonly stride: number;
  }[];
  /** Positions in all. */
  readonly size: number;
}

/** The same of a histogram: each series has its buckets and then the sum. */
export interface HistogramPlace extends TallyPlace {
  readonly bounds: readonly number[];
}

/** Doubles of a row that have a meaning already. */
let doubles = 0;

function take(size: number): number {
  const at = doubles;
  doubles += size;
  return at;
}

function namesOf(families: readonly { readonly series: object }[]): string[] {
  return families.flatMap(({ series }) => Object.keys(series));
}

function placeOf({ labels }: TalliedFamily, seriesSize: number): TallyPlace {
  let size = seriesSize;
  const placed = Object.entries(labels).map(([label, values]) => {
    const stride = size;
    size *= values.length;
    return { label, values, stride };
  });
  return { at: take(size), labels: placed, size };
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  to: (value: From) => To,
): Readonly<Record<Key, To>> {
  const entries = Object.entries<From>(record).map(([key, value]) => [key, to(value)]);
  return Object.fromEntries(entries) as Record<Key, To>;
}

function positions<Name extends string>(
  names: readonly string[],
  first: number,
): Readonly<Record<Name, number>> {
  const entries = names.map((name, at) => [name, first + at]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

export const GAUGE_NAMES = namesOf(GAUGES) as readonly GaugeName[];
export const TOTAL_NAMES = namesOf(TOTALS) as readonly TotalName[];
const MEASURE_NAMES = namesOf(MEASURES) as readonly MeasureName[];

/** In words behind the doubles. */
export const GAUGE_POSITIONS = positions<GaugeName>(GAUGE_NAMES, 0);

/** In doubles. */
export const TOTAL_POSITIONS = positions<TotalName>(TOTAL_NAMES, take(TOTAL_NAMES.length));
export const MEASURE_POSITIONS = positions<MeasureName>(MEASURE_NAMES, take(MEASURE_NAMES.length));
export const TALLY_PLACES: Readonly<Record<TallyName, TallyPlace>> = mapValues(
  TALLIES,
  (family: TalliedFamily) => placeOf(family, 1),
);
export const HISTOGRAM_PLACES: Readonly<Record<HistogramName, HistogramPlace>> = mapValues(
  HISTOGRAMS,
  (family: TalliedFamily & { readonly bounds: readonly number[] }) => {
    // One bucket more than bounds, and the sum.
    return { ...placeOf(family, family.bounds.length + 2), bounds: family.bounds };
  },
);

/** Bytes of the doubles in a row, and of the whole row. */
const DOUBLES_BYTES = roundUp(doubles * DOUBLE_BYTES);
const ROW_BYTES = DOUBLES_BYTES + roundUp(GAUGE_NAMES.length * WORD_BYTES);

/** A row's position among doubles, and how far rows lie apart in them; the same in words. */
export const ROW_DOUBLES = ROW_BYTES / DOUBLE_BYTES;
export const ROW_WORDS = ROW_BYTES / WORD_BYTES;
export const FIRST_WORD = DOUBLES_BYTES / WORD_BYTES;

/** Memory of so many rows, in which nothing is counted, and nothing is measured. */
export function allocateRows(rows: number): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(rows * ROW_BYTES);
  const all = new Float64Array(shared);
  for (let row = 0; row < rows; row++) {
    const first = row * ROW_DOUBLES;
    for (const at of Object.values(MEASURE_POSITIONS)) all[first + at] = NaN;
  }
  return shared;
}

/** Where a series of a tally or histogram begins; a value that is not in its list is the last one. */
export function seriesPosition(
  { at, labels }: TallyPlace,
  values: Readonly<Record<string, string>>,
): number {
  let position = at;
  for (const { label, values: known, stride } of labels) {
    const index = known.indexOf(values[label]!);
    position += (index < 0 ? known.length - 1 : index) * stride;
  }
  return position;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
}
