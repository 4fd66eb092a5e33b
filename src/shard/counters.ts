export { allocateCounters, type CounterName, Counters } from "../metrics/counters.ts";
export type { GaugeName as Gauge, TotalName as Total } from "../metrics/counted.ts";
