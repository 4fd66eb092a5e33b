/** Whether tests run in their long form: `deno task test:long` sets `SLUICE_LONG=1`. */
export const IS_LONG: boolean = Deno.env.get("SLUICE_LONG") === "1";

/** All of a list in the long form; those that differ most, which come first, in the short one. */
export function longForm<T>(all: readonly T[], shortCount: number): readonly T[] {
  return IS_LONG ? all : all.slice(0, shortCount);
}
