/** Debian's Prometheus, as a process of its own that scrapes a gateway. */
import { freePorts } from "../interop/free_ports.ts";
import { spawnPeer } from "../interop/peer_process.ts";
import { until } from "../../testing/waiting.ts";

/** One series of an answer, with its newest value. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** An alert or recording rule, as Prometheus has it. */
export interface LoadedRule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly alerts?: readonly unknown[];
}

/** A dashboard asks for rates over ten seconds here, which must hold several scrapes. */
const SCRAPE_MS = 500;

/** Prometheus at work; dispose of it to end it. */
export class PrometheusProcess implements AsyncDisposable {
  readonly #url: string;
  readonly #dispose: () => Promise<void>;

  private constructor(url: string, dispose: () => Promise<void>) {
    this.#url = url;
    this.#dispose = dispose;
  }

  /**
   * Starts it; resolves when it has scraped the gateway.
   *
   * @param ruleFile path of the rules
   */
  static async start(
    { target, ruleFile }: { readonly target: string; readonly ruleFile: string },
  ): Promise<PrometheusProcess> {
    const folder = await Deno.makeTempDir({ prefix: "sluice-prometheus-" });
    const [port] = freePorts(1);
    const scrape = `${SCRAPE_MS}ms`;
    const config = {
      global: { scrape_interval: scrape, evaluation_interval: scrape },
      rule_files: [ruleFile],
      scrape_configs: [{ job_name: "sluice", static_configs: [{ targets: [target] }] }],
    };
    // JSON is YAML.
    await Deno.writeTextFile(`${folder}/prometheus.yml`, JSON.stringify(config));
    const child = spawnPeer("prometheus", [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const prometheus = new PrometheusProcess(`http://127.0.0.1:${port}`, async () => {
      await child[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    });
    let hasEnded = false;
    child.ended.then(() => hasEnded = true);
    try {
      await until("Prometheus has scraped the gateway", async () => {
        if (hasEnded) throw new Error(`Prometheus ended: ${child.output()}`);
        const up = await prometheus.query('up{job="sluice"} == 1').catch(() => []);
        return up.length === 1;
      });
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
    return prometheus;
  }

  /** @throws {Error} with what Prometheus says about a query that is wrong */
  async query(query: string): Promise<readonly QueriedSeries[]> {
    const data = await this.#get(`/api/v1/query?query=${encodeURIComponent(query)}`);
    return (data as { readonly result: readonly QueriedSeries[] }).result;
  }

  async rules(): Promise<readonly LoadedRule[]> {
    const { groups } = await this.#get("/api/v1/rules") as {
      readonly groups: readonly { readonly rules: readonly LoadedRule[] }[];
    };
    return groups.flatMap(({ rules }) => rules);
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`);
    const answer = await response.json() as {
      readonly status: string;
      readonly error?: string;
      readonly data: unknown;
    };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispose();
  }
}
