export { allocateCounters, type CounterName, Counters } from "../metrics/counters.ts";
