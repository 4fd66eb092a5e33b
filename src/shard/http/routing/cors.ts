import type { HttpRequest } from "../../../http/request_reader.ts";
import type { ResponseHeaders } from "../../../http/response.ts";
import type { AdminSettings } from "../../shard_settings.ts";

const ANY = "*";

/** What a preflight is told beside the methods. */
const PREFLIGHT = {
  // `*` does not cover Authorization (Fetch 2.2.2), and old browsers do not know it.
  "access-control-allow-headers": "*, authorization, content-type, if-match",
  "access-control-expose-headers":
    "accept-patch, etag, link, location, retry-after, www-authenticate",
  "access-control-max-age": "86400",
};

/** What says which pages may use this server. */
export interface CorsSettings {
  readonly admin: Pick<AdminSettings, "corsOrigins">;
}

/** Which pages may use this server (Fetch 3.3). */
export class Cors {
  readonly #settings: CorsSettings;

  /** @param settings may change */
  constructor(settings: CorsSettings) {
    this.#settings = settings;
  }

  /** What is told to a page that asks for what anybody may use; nothing if it is not among the origins. */
  forAnybody({ headers }: HttpRequest): ResponseHeaders {
    if (this.#isNamed(ANY)) return { "access-control-allow-origin": ANY, ...PREFLIGHT };
    return this.#forNamed(headers.get("origin"));
  }

  /** The same for the API: only a page is told that is named. */
  forAdmin({ headers }: HttpRequest): ResponseHeaders {
    return this.#forNamed(headers.get("origin"));
  }

  /** Whether a request comes from a page elsewhere that is not named. */
  isForeign({ headers }: HttpRequest): boolean {
    const origin = headers.get("origin");
    if (origin === undefined || (origin !== ANY && this.#isNamed(origin))) return false;
    return URL.parse(origin)?.host !== URL.parse(`http://${headers.get("host")}`)?.host;
  }

  #isNamed(origin: string): boolean {
    return this.#settings.admin.corsOrigins.includes(origin);
  }

  #forNamed(origin: string | undefined): ResponseHeaders {
    // What is told depends on it, wherever answers are kept.
    const vary = { vary: "origin" };
    if (origin === undefined || origin === ANY || !this.#isNamed(origin)) return vary;
    return { ...vary, "access-control-allow-origin": origin, ...PREFLIGHT };
  }
}
