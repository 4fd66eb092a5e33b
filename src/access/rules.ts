import { NetworkList } from "../address/network_list.ts";
import type { AccessAction, AccessDecision, AccessLimits, AccessRequest } from "./access.ts";
import { fitsOne } from "./path_pattern.ts";
import { type AccessSource, refuse } from "./source.ts";

/** From where an action may be done. */
export interface AddressRule {
  /** Networks; if there are any, nobody else. */
  readonly allow: readonly string[];
  /** Networks from which it is never done. */
  readonly deny: readonly string[];
}

/** A rule as the configuration has it. It is for a request that fits all that it names. */
export interface Rule {
  /** What `revoke`, the log and the API name; by default its number, from 1 on. */
  readonly id?: string | undefined;
  readonly decision: "allow" | "refuse";
  readonly actions: readonly AccessAction[];
  /** Patterns of paths. The API has none: only "*" alone fits it. */
  readonly paths: readonly string[];
  /** Networks of clients; if there are none, all. */
  readonly addresses: readonly string[];
  readonly limits?: AccessLimits | undefined;
  /** Whether the list of what is live has the streams that it lets in. */
  readonly list: boolean;
}

/**
 * Keeps out who comes from where an action may not be done. It lets nobody in: the other sources
 * still decide on those whom it lets pass.
 */
export class AddressGate implements AccessSource {
  readonly #gates: Readonly<
    Partial<
      Record<AccessAction, Readonly<Record<keyof AddressRule, NetworkList | undefined>>>
    >
  >;

  constructor(rules: Readonly<Partial<Record<AccessAction, AddressRule | undefined>>>) {
    this.#gates = Object.fromEntries(
      Object.entries(rules).flatMap(([action, rule]) =>
        rule === undefined ? [] : [[action, {
          allow: rule.allow.length === 0 ? undefined : new NetworkList(rule.allow),
          deny: rule.deny.length === 0 ? undefined : new NetworkList(rule.deny),
        }]]
      ),
    );
  }

  decide({ action, address }: AccessRequest): AccessDecision | undefined {
    const gate = this.#gates[action];
    if (gate === undefined) return undefined;
    const isFree = (gate.allow === undefined || isIn(gate.allow, address, false)) &&
      (gate.deny === undefined || !isIn(gate.deny, address, true));
    return isFree ? undefined : refuse("forbidden", "address", "addresses");
  }
}

/** Decides by who asks for what from where, without credentials: the first rule that fits. */
export class Rules implements AccessSource {
  readonly #rules: readonly (Rule & { readonly networks: NetworkList | undefined })[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => ({
      ...rule,
      networks: rule.addresses.length === 0 ? undefined : new NetworkList(rule.addresses),
    }));
  }

  decide({ action, path, address }: AccessRequest): AccessDecision | undefined {
    const at = this.#rules.findIndex(({ actions, paths, networks, decision }) =>
      actions.includes(action) &&
      (networks === undefined || isIn(networks, address, decision === "refuse")) &&
      fitsOne(paths, path)
    );
    const rule = this.#rules[at];
    if (rule === undefined) return undefined;
    const decidedBy = `rule ${rule.id ?? at + 1}`;
    if (rule.decision === "refuse") return refuse("forbidden", "rule", decidedBy);
    return {
      kind: "allow",
      decidedBy,
      subject: decidedBy,
      isShared: true,
      ...(rule.limits === undefined ? {} : { limits: rule.limits }),
      ...(rule.list ? {} : { isUnlisted: true }),
    };
  }
}

/**
 * Whether an address is in one of the networks. One that nobody knows, as a proxy did not tell it,
 * is in those that keep out, and in none that let in.
 */
function isIn(networks: NetworkList, address: string | undefined, ifUnknown: boolean): boolean {
  return address === undefined ? ifUnknown : networks.has(address);
}
