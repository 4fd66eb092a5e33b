import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { RequestHead } from "../../../http/request_head.ts";
import { type HttpRequest, RequestReader } from "../../../http/request_reader.ts";
import type { Counters } from "../../../metrics/counters.ts";
import type { MemoryBudget } from "../../../stream/memory_budget.ts";
import { describeRefusal, MemoryHolding } from "../../../stream/memory_holding.ts";
import type { PeerConn } from "../../net/connection_listener.ts";
import type { TimeShare } from "../../time_slice.ts";
import { ClientInput } from "./client_input.ts";
import { bodyLimitOf } from "../api/reload_route.ts";

/** What a client may send ahead while it is being answered; then it is read no further. */
const MAX_AHEAD = 4096;

/** Bytes of a request that has not come whole which every connection may have. */
const FREE_REQUEST_BYTES = 4096;

/** What a connection's requests need of it. */
export interface IntakeOptions {
  readonly conn: PeerConn;
  /** Of the thread's time, which reading costs. */
  readonly share: TimeShare;
  readonly counters: Counters;
  readonly memory: MemoryBudget;
  /** Whose share of the memory it counts to. */
  readonly holder: number;
  /** A request begins to come. */
  readonly begun: () => void;
  /** Tells the client to go on with its body. */
  readonly goOn: () => Promise<void>;
  /** Whether a large body may come; else no more is read. */
  readonly permits: (head: RequestHead) => Promise<boolean>;
}

/** The requests of a connection, one after another, as its client sends them. */
export class RequestIntake {
  readonly input: ClientInput;
  readonly #requests = new RequestReader(bodyLimitOf);
  readonly #options: IntakeOptions;
  /** What a request has that has not come whole. */
  readonly #held: MemoryHolding;

  constructor(options: IntakeOptions) {
    const { conn, share, memory, holder } = options;
    this.#options = options;
    this.input = new ClientInput(conn, share, (piece) => this.#requests.push(piece));
    this.#held = new MemoryHolding(memory, "messages", holder);
  }

  /** Whether a request has begun and is not whole. */
  get isInRequest(): boolean {
    return this.#requests.isInRequest;
  }

  /** Whether something has come behind the last request. */
  get hasMore(): boolean {
    return this.#requests.pending > 0;
  }

  /**
   * The next request; `undefined` if the client is gone.
   *
   * @throws {HttpError} if it sends what is none, or there is no memory for what has come of one
   */
  async next(): Promise<HttpRequest | undefined> {
    const { share, begun, goOn, permits } = this.#options;
    let isContinued = false;
    for (;;) {
      share.begin(performance.now());
      const request = this.#requests.next();
      this.#hold(request === undefined ? this.#requests.pending : 0);
      if (request !== undefined) {
        await share.pause();
        return request;
      }
      const { unpermitted } = this.#requests;
      if (unpermitted !== undefined) {
        if (!await permits(unpermitted)) return undefined;
        this.#requests.permitBody();
        continue;
      }
      if (this.#requests.expectsContinue && !isContinued) {
        isContinued = true;
        await goOn();
        continue;
      }
      // Joined before anything is waited for: the read that is going on may bring the whole request
      // meanwhile, and one that is begun behind it would wait for more.
      const [isThere] = await Promise.all([this.input.read(), share.pause()]);
      if (!isThere) return undefined;
      begun();
    }
  }

  /**
   * Reads ahead, as far as a client may send, as long as it is to be noticed that it goes.
   *
   * @returns whether it is there still
   */
  async watch(isWanted: () => boolean): Promise<boolean> {
    while (isWanted() && this.#requests.pending < MAX_AHEAD) {
      if (!await this.input.read().catch(() => false)) return false;
    }
    return true;
  }

  /** Reads all that the client still sends, for nobody. */
  async drain(): Promise<void> {
    this.input.giveTo(() => {});
    while (await this.input.read());
  }

  close(): void {
    this.#held.close();
  }

  /** @throws {HttpError} if there is no memory for what has come of a request */
  #hold(bytes: number): void {
    const refusal = this.#held.resize(bytes > FREE_REQUEST_BYTES ? bytes : 0);
    if (refusal === undefined) return;
    this.#options.counters.add("memoryRefused");
    throw new HttpError(STATUS_CODE.ServiceUnavailable, describeRefusal(refusal));
  }
}
