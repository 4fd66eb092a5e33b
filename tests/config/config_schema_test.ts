import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { parseConfig } from "../../src/config/schema.ts";
import { configSchemaText, SCHEMA_FILE } from "../../tools/config_schema.ts";

Deno.test("the JSON Schema that is committed is that of the configuration", () => {
  const committed = Deno.readTextFileSync(SCHEMA_FILE);
  assertEquals(committed, configSchemaText(), "stale: `deno task schema` makes it anew");
});

const validate = new Ajv({ strict: true, strictTypes: false, allErrors: true })
  .compile(JSON.parse(configSchemaText()));

Deno.test("a configuration with all settings fits the schema, as do short ones", () => {
  const configs = [
    parseConfig({}, 2),
    {},
    { $schema: "./config.schema.json", httpPort: 9090 },
    { memory: "512MiB", log: { windowMs: 5000 } },
    { tls: "self-signed" },
    { tls: { certificate: "PEM", key: "PEM" } },
  ];
  for (const config of configs) {
    assert(validate(config), JSON.stringify([config, validate.errors]));
  }
});

Deno.test("what is no setting, or has a wrong value, does not fit the schema", () => {
  const wrong: readonly (readonly [config: unknown, path: string])[] = [
    [{ rtmpPrt: 1 }, ""],
    [{ limits: { viewrs: 1 } }, "/limits"],
    [{ httpPort: 70_000 }, "/httpPort"],
    [{ httpPort: "8080" }, "/httpPort"],
    [{ tls: { certificate: "PEM" } }, "/tls"],
    [{ logLevel: "loud" }, "/logLevel"],
    [[], ""],
  ];
  for (const [config, path] of wrong) {
    assert(!validate(config), JSON.stringify(config));
    assert(validate.errors!.some(({ instancePath }) => instancePath === path), path);
  }
});
