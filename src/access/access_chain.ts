import type { Access, AccessDecision, AccessRequest } from "./access.ts";
import { hasCredentials } from "./credentials.ts";
import { type AccessSource, refuse } from "./source.ts";

/** What is done with those of whom no source has said anything. */
export interface Otherwise {
  readonly publish: "allow" | "refuse";
  readonly play: "allow" | "refuse";
}

/** Asks sources in their order; the first that has something to say decides. */
export class AccessChain implements Access {
  readonly #sources: readonly AccessSource[];
  readonly #otherwise: Otherwise;
  readonly #failed: (error: unknown) => void;

  /** @param failed is told what a source has thrown: whom it should have judged is refused */
  constructor(
    sources: readonly AccessSource[],
    otherwise: Otherwise,
    failed: (error: unknown) => void,
  ) {
    this.#sources = sources;
    this.#otherwise = otherwise;
    this.#failed = failed;
  }

  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    try {
      return this.#decideFrom(0, request);
    } catch (error) {
      return this.#onFailed(error);
    }
  }

  /**
   * What the settings alone say, without asking anybody.
   *
   * @returns `undefined` where that is not known without
   */
  decideHere(request: AccessRequest): AccessDecision | undefined {
    for (const source of this.#sources) {
      if (source.asksElsewhere?.(request)) return undefined;
      const decision = source.decide(request);
      if (decision instanceof Promise) return undefined;
      if (decision !== undefined) return decision;
    }
    return this.#decideOtherwise(request);
  }

  /** Waits only where a source does. */
  #decideFrom(first: number, request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    for (let at = first; at < this.#sources.length; at++) {
      const decision = this.#sources[at]!.decide(request);
      if (decision instanceof Promise) return this.#goOn(decision, at + 1, request);
      if (decision !== undefined) return decision;
    }
    return this.#decideOtherwise(request);
  }

  async #goOn(
    pending: Promise<AccessDecision | undefined>,
    next: number,
    request: AccessRequest,
  ): Promise<AccessDecision> {
    try {
      return await pending ?? await this.#decideFrom(next, request);
    } catch (error) {
      return this.#onFailed(error);
    }
  }

  #decideOtherwise(request: AccessRequest): AccessDecision {
    const { action, credentials } = request;
    const isOpen = (action === "publish" || action === "play") &&
      this.#otherwise[action] === "allow";
    if (isOpen) return { kind: "allow", decidedBy: "open" };
    for (const source of this.#sources) {
      const cause = source.unknownCause?.(request);
      // As what is known and wrong: the answer is not to tell which ids there are.
      if (cause !== undefined) return refuse("forbidden", cause, "otherwise");
    }
    return hasCredentials(credentials)
      ? refuse("forbidden", "unknown credentials", "otherwise")
      : refuse("unauthorized", "no credentials", "otherwise");
  }

  #onFailed(error: unknown): AccessDecision {
    this.#failed(error);
    return refuse("unavailable", "a source failed", "otherwise");
  }
}
