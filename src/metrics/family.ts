/** Labels of one series: names and values are the code's own, never what a peer sends. */
export type Labels = Readonly<Record<string, string>>;

/** What all metrics of one name have in common. */
export interface Family {
  /** As Prometheus names it, with its unit: "sluice_viewers_jumped_total". */
  readonly name: string;
  /** A sentence. */
  readonly help: string;
}

/** A family whose series are counted one by one, each by a name of its own. */
export interface NamedFamily extends Family {
  /** By the name that the code has for each. */
  readonly series: Readonly<Record<string, Labels>>;
}

/** What is measured now and then: the newest value counts. */
export interface MeasuredFamily extends NamedFamily {
  readonly type: "counter" | "gauge";
  /** "thread": each thread has its own, told apart by the label `thread`. */
  readonly of: "thread" | "process";
}

/** A family with a series for each combination of its labels' values. */
export interface TalliedFamily extends Family {
  /** A value that is not in the list counts as the last one. */
  readonly labels: Readonly<Record<string, readonly [string, ...string[]]>>;
}

/** A family of histograms, of seconds. */
export interface HistogramFamily extends TalliedFamily {
  /** Upper bounds, rising; beyond them is one more bucket. */
  readonly bounds: readonly number[];
  readonly of: "thread" | "process";
}

/** The names that the code has for a family's series. */
export type SeriesNameOf<Of> = Of extends { readonly series: infer Series } ? keyof Series & string
  : never;

/** A value for each label of a family; one that is not in its list counts as the last. */
export type LabelValues<Of extends TalliedFamily> = {
  readonly [Label in keyof Of["labels"]]: string;
};
