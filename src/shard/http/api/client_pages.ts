import { STATUS_CODE } from "@std/http/status";
import type { ControlLink } from "../../control_link.ts";
import type { Counters } from "../../../metrics/counters.ts";
import type { Client, Clients } from "../../live/clients.ts";
import type { Streams } from "../../live/streams.ts";
import { answer } from "../routing/answers.ts";
import { type ClientSummary, summariseClient } from "./client_summary.ts";
import { encodePage, type ListedPage } from "./listed_page.ts";
import type { ShardSettings } from "../../shard_settings.ts";
import type {
  ClientRequest,
  ClientsRequest,
  ForwardedResponse,
} from "../routing/forwarded_request.ts";

/** A page of the list of clients: also what one request may cost all shards together. */
export const CLIENTS_PER_PAGE = 100;

/** Ids begin with the number of the shard that has the client. */
const CLIENT_ID = /^(\d{1,3})[-.][\w.]{1,64}$/;

/** Clients over all shards, by shard and in the order of their coming. */
export interface ClientsPage {
  /** On all pages. */
  readonly total: number;
  /** From 1 on. */
  readonly page: number;
  readonly pages: number;
  readonly clients: readonly ClientSummary[];
}

/** What this needs of its shard. */
export interface ClientPagesContext {
  readonly clients: Clients;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly streams: Pick<Streams, "byPath">;
  readonly settings: Pick<ShardSettings, "identity">;
  /** The number of the shard. */
  readonly shard: number;
}

/**
 * Who watches and publishes on all shards, page by page. How many each shard has stands in shared
 * memory, so that only those are asked whose clients are on the page, and for no more of them.
 */
export class ClientPages {
  readonly #context: ClientPagesContext;

  constructor(context: ClientPagesContext) {
    this.#context = context;
  }

  /** @param page from 1 on; beyond the last one there is nothing */
  async page(page: number): Promise<ClientsPage> {
    const counts = this.#context.counters.byShard("clients");
    const begin = (page - 1) * CLIENTS_PER_PAGE;
    const asked: Promise<readonly ClientSummary[]>[] = [];
    let before = 0;
    for (const [shard, count] of counts.entries()) {
      const from = Math.max(begin, before);
      const to = Math.min(begin + CLIENTS_PER_PAGE, before + count);
      if (from < to) asked.push(this.#ask(shard, from - before, to - from));
      before += count;
    }
    const clients = (await Promise.all(asked)).flat();
    return {
      total: before,
      page,
      pages: Math.max(1, Math.ceil(before / CLIENTS_PER_PAGE)),
      clients,
    };
  }

  /** Pages that there are. */
  get pages(): number {
    const total = this.#context.counters.byShard("clients").reduce((sum, count) => sum + count, 0);
    return Math.max(1, Math.ceil(total / CLIENTS_PER_PAGE));
  }

  /** A page ready to be sent. */
  async listed(page: number): Promise<ListedPage> {
    const { clients, ...head } = await this.page(page);
    const listed = {
      head: JSON.stringify({ code: 0, ...this.#context.settings.identity, ...head }),
      entries: clients.map((client) => [client.id, JSON.stringify(client)] as const),
    };
    return encodePage(listed, "clients");
  }

  /** One of them, on whatever shard; `undefined` if there is none of this id. */
  async one(id: string): Promise<ClientSummary | undefined> {
    const response = await this.#askFor({ kind: "client", id });
    return response === undefined || response.status !== STATUS_CODE.OK
      ? undefined
      : parsed(response);
  }

  /** Ends a client on whatever shard; whether there is one of this id. */
  async kick(id: string): Promise<boolean> {
    return (await this.#askFor({ kind: "kick", id }))?.status === STATUS_CODE.OK;
  }

  /** Answers what another shard asks of this one. */
  answerForwarded(request: ClientRequest | ClientsRequest): ForwardedResponse {
    if (request.kind === "clients") {
      return answer(STATUS_CODE.OK, {}, JSON.stringify(this.#some(request)));
    }
    const client = this.#context.clients.byId(request.id);
    if (client === undefined) return answer(STATUS_CODE.NotFound, {});
    if (request.kind === "kick") client.end("it was ended by an administrator");
    return answer(STATUS_CODE.OK, {}, JSON.stringify(this.#summarise(client)));
  }

  #some({ begin, count }: Pick<ClientsRequest, "begin" | "count">): ClientSummary[] {
    return this.#context.clients.some(begin, count).map((client) => this.#summarise(client));
  }

  #summarise(client: Client): ClientSummary {
    const described = client.describe();
    const streamId = this.#context.streams.byPath(described.path)?.entry.streamId;
    return summariseClient(described, streamId, Date.now());
  }

  async #askFor(request: ClientRequest): Promise<ForwardedResponse | undefined> {
    const shard = Number(CLIENT_ID.exec(request.id)?.[1] ?? NaN);
    if (Number.isNaN(shard)) return undefined;
    return shard === this.#context.shard
      ? this.answerForwarded(request)
      : await this.#context.control.forward(shard, request);
  }

  /** A shard that does not answer has none. */
  async #ask(shard: number, begin: number, count: number): Promise<readonly ClientSummary[]> {
    const { control } = this.#context;
    if (shard === this.#context.shard) return this.#some({ begin, count });
    const response = await control.forward(shard, { kind: "clients", begin, count });
    if (response === undefined) return [];
    return parsed(response);
  }
}

function parsed({ body }: ForwardedResponse) {
  return JSON.parse(new TextDecoder().decode(body));
}
