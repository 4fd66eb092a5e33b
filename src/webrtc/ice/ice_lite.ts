import type { IceCredentials } from "./credentials.ts";
import { parseStun, STUN_BINDING, type StunMessage } from "./stun.ts";
import { type OwnCheck, writeOwnCheck } from "./stun_check.ts";
import { hasStunIntegrity, stunFingerprint } from "./stun_integrity.ts";
import {
  STUN_ERROR,
  type StunAnswered,
  type StunErrorKind,
  writeStunError,
  writeStunSuccess,
} from "./stun_response.ts";
import { sameTransportAddress, type TransportAddress } from "../../address/transport_address.ts";

/** A session without a first valid check within this time is abandoned. */
export const FIRST_CHECK_TIMEOUT_MS = 15_000;
/** Consent ends this long after the last valid check (RFC 7675 5.1). */
export const CONSENT_TIMEOUT_MS = 30_000;

/** Why a datagram was dropped: names of counters. */
export type IceDropReason =
  | "malformed"
  | "response"
  | "indication"
  | "method"
  | "username"
  | "fingerprint"
  | "integrity"
  | "expired";

/** What came of a datagram. */
export type IceResult =
  | { readonly kind: "drop"; readonly reason: IceDropReason }
  /** The request is refused with a reason, which its sender is told; nothing else changes. */
  | { readonly kind: "refuse"; readonly response: Uint8Array; readonly code: number }
  | {
    readonly kind: "answer";
    /** To be sent to where the request came from; the caller owns it. */
    readonly response: Uint8Array;
    /** Where to send from now on, if that is new or another than before. */
    readonly selected: TransportAddress | undefined;
    /** The name of ours that a restart has replaced, and which nothing is asked by any more. */
    readonly retiredUfrag: string | undefined;
  };

/** What an agent begins with. */
export interface IceLiteOptions {
  /** Ours, as the answer tells them. */
  readonly local: IceCredentials;
  /** The other side's, as its offer tells it; without it the first valid check does. */
  readonly remoteUfrag?: string | undefined;
  /** The other side's, for checks of ours; without it there are none. */
  readonly remotePassword?: string | undefined;
  readonly nowMs: number;
  readonly firstCheckTimeoutMs?: number;
  readonly consentTimeoutMs?: number;
}

/** Credentials of both sides: one before, another after an ICE restart. */
interface Generation {
  readonly local: IceCredentials;
  remoteUfrag: string | undefined;
  remotePassword: string | undefined;
}

/** Whether the address came from a check that nominated it, or is only the first that worked. */
type Selection = "none" | "first" | "nominated";

/**
 * The server's side of ICE for one session, which waits for checks (RFC 8445 2.5). Its own only ask
 * whether the other side is where it says: {@linkcode IceLiteAgent.writeCheck}.
 *
 * A request counts only if its USERNAME is `ours:theirs` and its MESSAGE-INTEGRITY was made with
 * our password; all else is dropped without a word. Its sender's address is taken if it nominates
 * it, the newest being right, or if there is none yet. Each such request renews the consent.
 *
 * Times are on the caller's clock, which may not go back. A captured request can be sent again from
 * another address, as nothing in it names the address: DTLS and SRTP do not depend on this.
 *
 * @example
 * ```ts
 * import { IceLiteAgent } from "./ice_lite.ts";
 *
 * const agent = new IceLiteAgent({
 *   local: { ufrag: "ours1234", password: "a-password-of-22-chars" },
 *   remoteUfrag: "their",
 *   nowMs: 0,
 * });
 * const from = { transport: "udp", hostname: "192.0.2.1", port: 5000 } as const;
 * agent.receive(new Uint8Array(20), from, 5); // { kind: "drop", reason: "malformed" }
 * agent.nextTimeoutMs; // 15000: unless a check comes before
 * ```
 */
export class IceLiteAgent {
  readonly #consentTimeoutMs: number;
  #current: Generation;
  #previous: Generation | undefined;
  #selected: TransportAddress | undefined;
  #selection: Selection = "none";
  #expiresAtMs: number;

  constructor(options: IceLiteOptions) {
    this.#consentTimeoutMs = options.consentTimeoutMs ?? CONSENT_TIMEOUT_MS;
    const { local, remoteUfrag, remotePassword } = options;
    this.#current = { local, remoteUfrag, remotePassword };
    this.#expiresAtMs = options.nowMs + (options.firstCheckTimeoutMs ?? FIRST_CHECK_TIMEOUT_MS);
  }

  /** Where to send; `undefined` before the first valid check. */
  get selected(): TransportAddress | undefined {
    return this.#selected;
  }

  /** Names of ours by which requests find this session: two while a restart is under way. */
  get localUfrags(): readonly string[] {
    const current = this.#current.local.ufrag;
    return this.#previous === undefined ? [current] : [current, this.#previous.local.ufrag];
  }

  /**
   * The other side's name, `undefined` while neither an offer nor a check has told it. A fragment
   * with another one asks for a restart.
   */
  get remoteUfrag(): string | undefined {
    return this.#current.remoteUfrag;
  }

  /** When the session expires if no valid check comes before. */
  get nextTimeoutMs(): number {
    return this.#expiresAtMs;
  }

  /** Whether no valid check came in time: nothing may be sent any more (RFC 7675 5.1). */
  isExpired(nowMs: number): boolean {
    return nowMs >= this.#expiresAtMs;
  }

  /** Takes one datagram of the kind `stun`, or one frame of ICE-TCP, which it borrows. */
  receive(datagram: Uint8Array, remote: TransportAddress, nowMs: number): IceResult {
    if (this.isExpired(nowMs)) return DROPS.expired;
    const message = parseStun(datagram);
    if (message === undefined) return DROPS.malformed;
    if (message.method !== STUN_BINDING) return DROPS.method;
    if (message.stunClass === "indication") return DROPS.indication;
    if (message.stunClass !== "request") return DROPS.response;
    const generation = this.#generationOf(message);
    if (generation === undefined) return DROPS.username;
    if (stunFingerprint(message) === "wrong") return DROPS.fingerprint;
    const { password } = generation.local;
    if (!hasStunIntegrity(message, password)) return DROPS.integrity;
    const answered = { transactionId: message.transactionId, password };
    // RFC 8489 6.3.1 and RFC 8445 7.3.1.1: both only after the sender has proven itself.
    if (message.unknownAttributes.length > 0) {
      return refusal(answered, STUN_ERROR.UNKNOWN_ATTRIBUTE, message.unknownAttributes);
    }
    if (message.role === "controlled") return refusal(answered, STUN_ERROR.ROLE_CONFLICT);
    return this.#accept(message, generation, remote, nowMs);
  }

  /**
   * Begins an ICE restart (RFC 8445 9): what was valid stays so until the first check with the new
   * credentials, and media goes on to where it went. A restart upon a restart that no check has
   * used yet replaces it; the name of ours that this gives up is returned.
   */
  restart(
    local: IceCredentials,
    remoteUfrag: string | undefined,
    remotePassword?: string,
  ): string | undefined {
    const abandoned = this.#previous === undefined ? undefined : this.#current.local.ufrag;
    this.#previous ??= this.#current;
    this.#current = { local, remoteUfrag, remotePassword };
    return abandoned;
  }

  /** What the other side tells of itself later, if its offer did not. */
  learnRemote({ ufrag, password }: IceCredentials): void {
    const current = this.#current;
    current.remoteUfrag ??= ufrag;
    if (current.remoteUfrag === ufrag) current.remotePassword ??= password;
  }

  /** A check of ours; `undefined` as long as the other side has not told its password. */
  writeCheck(check: Pick<OwnCheck, "sessionTag" | "secret">): Uint8Array<ArrayBuffer> | undefined {
    // A restart counts from the other side's first check on.
    const { local, remoteUfrag, remotePassword } = this.#previous ?? this.#current;
    if (remoteUfrag === undefined || remotePassword === undefined) return undefined;
    const remote = { ufrag: remoteUfrag, password: remotePassword };
    return writeOwnCheck({ ...check, localUfrag: local.ufrag, remote });
  }

  /** Whether a success response was made by the other side. */
  isAuthentic(answer: StunMessage): boolean {
    return [this.#current, this.#previous].some((generation) =>
      generation?.remotePassword !== undefined &&
      hasStunIntegrity(answer, generation.remotePassword)
    );
  }

  /** Tells that a TCP connection has ended: nothing can be sent there. */
  removeAddress(remote: TransportAddress): void {
    if (this.#selected === undefined || !sameTransportAddress(this.#selected, remote)) return;
    this.#selected = undefined;
    this.#selection = "none";
  }

  #generationOf(message: StunMessage): Generation | undefined {
    if (matches(this.#current, message)) return this.#current;
    return this.#previous !== undefined && matches(this.#previous, message)
      ? this.#previous
      : undefined;
  }

  #accept(
    message: StunMessage,
    generation: Generation,
    remote: TransportAddress,
    nowMs: number,
  ): IceResult {
    this.#expiresAtMs = nowMs + this.#consentTimeoutMs;
    generation.remoteUfrag ??= message.username?.remoteUfrag;
    const retiredUfrag = generation === this.#current ? this.#retire() : undefined;
    return {
      kind: "answer",
      response: writeStunSuccess(
        { transactionId: message.transactionId, password: generation.local.password },
        remote,
      ),
      selected: this.#select(message.useCandidate ? "nominated" : "first", remote),
      retiredUfrag,
    };
  }

  /** Gives up the credentials before the current ones; its address is only a guess from then on. */
  #retire(): string | undefined {
    const retired = this.#previous?.local.ufrag;
    if (retired === undefined) return undefined;
    this.#previous = undefined;
    this.#selection = "none";
    return retired;
  }

  /** The address if it is now another than before. */
  #select(by: "first" | "nominated", remote: TransportAddress): TransportAddress | undefined {
    if (by === "first" && this.#selection !== "none") return undefined;
    this.#selection = by;
    if (this.#selected !== undefined && sameTransportAddress(this.#selected, remote)) {
      return undefined;
    }
    const { transport, hostname, port } = remote;
    this.#selected = { transport, hostname, port };
    return this.#selected;
  }
}

function matches(generation: Generation, { username }: StunMessage): boolean {
  if (username === undefined || username.localUfrag !== generation.local.ufrag) return false;
  const expected = generation.remoteUfrag;
  return expected === undefined || username.remoteUfrag === expected;
}

function refusal(
  answered: StunAnswered,
  error: StunErrorKind,
  unknownAttributes?: readonly number[],
): IceResult {
  return {
    kind: "refuse",
    response: writeStunError(answered, error, unknownAttributes),
    code: error.code,
  };
}

function drop(reason: IceDropReason): IceResult {
  return { kind: "drop", reason };
}

/** One object for each reason: a flood makes no garbage. */
const DROPS: Readonly<Record<IceDropReason, IceResult>> = {
  malformed: drop("malformed"),
  response: drop("response"),
  indication: drop("indication"),
  method: drop("method"),
  username: drop("username"),
  fingerprint: drop("fingerprint"),
  integrity: drop("integrity"),
  expired: drop("expired"),
};
