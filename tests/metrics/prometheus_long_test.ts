import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { PrometheusProcess } from "./prometheus.ts";
import { goWrong, WatchedStream } from "./traffic.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const RULES = new URL("prometheus/sluice.rules.yml", EXAMPLES).pathname;

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Every query of the dashboard, with what stands for its variables. */
async function dashboardQueries(): Promise<readonly { title: string; query: string }[]> {
  const dashboard = JSON.parse(
    await Deno.readTextFile(new URL("grafana/sluice.json", EXAMPLES)),
  ) as { readonly panels: readonly Panel[] };
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      query: expr.replaceAll("$job", "sluice").replaceAll("$instance", ".*")
        .replaceAll("$__rate_interval", "10s"),
    }))
  );
}

peerTest("the alert rules and the example configuration are right", ["promtool"], async () => {
  await runPeer("promtool", ["check", "rules", RULES]);
  const config = new URL("prometheus/prometheus.yml", EXAMPLES).pathname;
  await runPeer("promtool", ["check", "config", config]);
  const cases = new URL("alert_cases.yml", import.meta.url).pathname;
  await runPeer("promtool", ["test", "rules", cases]);
});

peerTest("Prometheus takes the metrics, the rules and every query of the dashboard", [
  "prometheus",
], async () => {
  const hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response("0");
  });
  await using _hook = { [Symbol.asyncDispose]: () => hook.shutdown() };
  await using gateway = await startGateway({
    args: ["--shards", "2", "--tls", "self-signed"],
    config: { access: { hooks: [{ url: `http://127.0.0.1:${hook.addr.port}/` }] } },
  });
  await using stream = await WatchedStream.start(gateway);
  await using prometheus = await PrometheusProcess.start({
    target: `127.0.0.1:${gateway.httpPort}`,
    ruleFile: RULES,
  });
  await goWrong(gateway);
  const { viewer } = stream;
  viewer.nack([viewer.video!.packets.at(-1)!.index]);

  const queries = await dashboardQueries();
  assert(queries.length > 40, `${queries.length} queries`);
  let empty: string[] = [];
  try {
    await until("every query has an answer", async () => {
      const answers = await Promise.all(queries.map(({ query }) => prometheus.query(query)));
      empty = queries.filter((_, at) => answers[at]!.length === 0).map(({ title, query }) =>
        `${title}: ${query}`
      );
      return empty.length === 0;
    });
  } catch {
    assertEquals(empty, []);
  }
  const rules = await prometheus.rules();
  assert(rules.length >= 14);
  await until("all rules were evaluated", async () => {
    return (await prometheus.rules()).every(({ health }) => health !== "unknown");
  });
  for (const { name, health, lastError } of await prometheus.rules()) {
    assertEquals([name, health, lastError], [name, "ok", undefined]);
  }
});
