import type { AmfCycle, AmfValue } from "./amf_value.ts";

/** Private, since a property would lead whoever walks the values round and round. */
class Cycle implements AmfCycle {
  readonly kind = "cycle";
  readonly #target: AmfValue;

  constructor(target: AmfValue) {
    this.#target = target;
  }

  static targetOf(cycle: AmfCycle): AmfValue {
    return #target in cycle ? cycle.#target : undefined;
  }
}

/** A stand-in for `target` within itself. */
export function amfCycle(target: AmfValue): AmfCycle {
  return new Cycle(target);
}

/** What `cycle` stands for; `undefined` if it was not made by {@linkcode amfCycle}. */
export function cycleTarget(cycle: AmfCycle): AmfValue {
  return Cycle.targetOf(cycle);
}
