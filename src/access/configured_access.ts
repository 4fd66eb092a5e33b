import { getLogger } from "@logtape/logtape";
import type { Access, AccessDecision, AccessRequest, EndedSession } from "./access.ts";
import { AccessChain } from "./access_chain.ts";
import { AdminToken } from "./admin_token.ts";
import { AskedFunctions, type AskFunction } from "./asked_functions.ts";
import { type HookObserver, Hooks, type HooksTold } from "./hooks.ts";
import { Jwt, type JwtSettings } from "./jwt.ts";
import { reservedRefusal } from "./reserved_apps.ts";
import { RemoteKeys } from "./remote_keys.ts";
import { type Revoked, RevokedTokens } from "./revoked_tokens.ts";
import { AddressGate, Rules } from "./rules.ts";
import type { AccessSettings, SourceName } from "./settings.ts";
import { SignedUrls } from "./signed_url.ts";
import type { AccessSource } from "./source.ts";
import { StreamKeys } from "./stream_keys.ts";

/** What decisions need that is no configuration. */
export interface AccessParts {
  /** Has a function decide that the gateway was embedded with; `undefined` if there is none. */
  readonly askFunction?: AskFunction | undefined;
  readonly observer: HookObserver;
  readonly nowMs: () => number;
}

const logger = getLogger(["sluice", "access"]);

/**
 * Who may, as the configuration says it, which can be changed while it is in use.
 *
 * @example
 * ```ts ignore
 * const access = new ConfiguredAccess(settings, { observer, nowMs: Date.now });
 * await access.decide(request);
 * ```
 */
export class ConfiguredAccess implements Access {
  readonly #parts: AccessParts;
  #hooks: Hooks;
  #chain: AccessChain;
  /** Which hooks were told that a session begins: they are told of its end, whatever is changed. */
  readonly #told: HooksTold = new WeakMap();
  /** They are kept when settings change: their server may be away just then. */
  #remoteKeys: RemoteKeys | undefined;

  constructor(settings: AccessSettings, parts: AccessParts) {
    this.#parts = parts;
    this.#hooks = this.#hooksOf(settings);
    this.#chain = this.#chainOf(settings);
  }

  /** From now on, others may. Whom the old settings let in is not asked again by this. */
  configure(settings: AccessSettings): void {
    // What the old hooks have yet to be told, they are told still.
    this.#hooks = this.#hooksOf(settings);
    this.#chain = this.#chainOf(settings);
  }

  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    const reserved = reservedRefusal(request.action, request.path);
    if (reserved !== undefined) return reserved;
    const decision = this.#chain.decide(request);
    return decision instanceof Promise
      ? decision.then((late) => this.#judged(request, late))
      : this.#judged(request, decision);
  }

  /**
   * What the settings alone say, for whoever is there already: nobody is asked, and nobody is told.
   *
   * @returns `undefined` where others would have to be asked
   */
  decideHere(request: AccessRequest): AccessDecision | undefined {
    return this.#chain.decideHere(request);
  }

  ended(session: EndedSession): void {
    this.#hooks.ended(session);
  }

  /** Has hooks told what they have yet to be told, within that time. */
  close(graceMs: number): Promise<void> {
    return this.#hooks.close(graceMs);
  }

  #judged(request: AccessRequest, decision: AccessDecision): AccessDecision {
    if (decision.kind === "refuse") return decision;
    // It may have been renamed.
    const reserved = reservedRefusal(request.action, decision.path ?? "");
    if (reserved !== undefined) return reserved;
    this.#hooks.began(request, decision);
    return decision;
  }

  #hooksOf({ hooks }: AccessSettings): Hooks {
    const { observer, nowMs } = this.#parts;
    return new Hooks(hooks, observer, { nowMs, told: this.#told });
  }

  #jwtOf(settings: JwtSettings, revoked: readonly Revoked[]): Jwt {
    const { jwksUrl } = settings;
    const { nowMs } = this.#parts;
    if (this.#remoteKeys?.url !== jwksUrl) {
      this.#remoteKeys = jwksUrl === undefined ? undefined : new RemoteKeys(jwksUrl, nowMs);
      void this.#remoteKeys?.load();
    }
    return new Jwt(settings, nowMs, this.#remoteKeys, new RevokedTokens(revoked));
  }

  #chainOf(settings: AccessSettings): AccessChain {
    const sources = settings.order.flatMap((name) => this.#sourceOf(name, settings) ?? []);
    return new AccessChain(
      [new AddressGate(settings.addresses), new AdminToken(settings.adminTokenHash), ...sources],
      settings.otherwise,
      (error) => logger.error("Cannot decide who may: {error}", { error }),
    );
  }

  #sourceOf(name: SourceName, settings: AccessSettings): AccessSource | undefined {
    const { nowMs, askFunction } = this.#parts;
    switch (name) {
      case "rules":
        return settings.rules.length === 0 ? undefined : new Rules(settings.rules);
      case "keys":
        return settings.keys.length === 0 ? undefined : new StreamKeys(settings.keys);
      case "signedUrls":
        return new SignedUrls({ ...settings.signedUrls, nowMs });
      case "jwt":
        return settings.jwt && this.#jwtOf(settings.jwt, settings.revokedTokens);
      case "functions":
        return askFunction && new AskedFunctions(askFunction);
      case "hooks":
        return this.#hooks;
    }
  }
}
