/** Makes the JSON Schema of the configuration, by which editors complete it, of the one that judges it. */
import { type ConversionConfig, type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { FLAGS } from "../src/config/flag_table.ts";
import { CONFIG_MEMBERS } from "../src/config/schema.ts";

/** Where it lies, to be printed by the program and fetched by editors. */
export const SCHEMA_FILE = new URL("../docs/config.schema.json", import.meta.url);

const CONVERSION: ConversionConfig = {
  typeMode: "input",
  // Checks that JSON Schema has no word for: the program makes them.
  errorMode: "ignore",
  overrideSchema: ({ valibotSchema }) =>
    valibotSchema.type === "lazy" ? eitherOf(valibotSchema as LazySchema) : undefined,
  // Patterns have no flags here: without the one that leaves case open, a good text would be wrong.
  overrideAction: ({ valibotAction, jsonSchema }) => {
    if (valibotAction.type !== "regex") return;
    const { pattern: _, ...others } = jsonSchema;
    return others;
  },
};

type LazySchema = v.LazySchema<v.GenericSchema>;

/** What is told apart by whether it is an object. */
function eitherOf({ getter }: LazySchema): JsonSchema {
  const either = [getter(""), getter({})].map((schema) => {
    const { $schema: _, ...inner } = toJsonSchema(schema, CONVERSION);
    return inner;
  });
  return { anyOf: either };
}

/** The schema, as text. */
export function configSchemaText(): string {
  const schema = toJsonSchema(CONFIG_MEMBERS, CONVERSION);
  const properties: Record<string, JsonSchema | boolean> = {
    $schema: { type: "string", description: "the address of this schema, for editors" },
  };
  const flags = Object.values(FLAGS);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const help = flags.find(({ key }) => key === name)?.help;
    properties[name] = typeof property === "object" && help !== undefined
      ? { ...property, description: help }
      : property;
  }
  return `${JSON.stringify({ title: "Sluice", ...schema, properties }, asGiven, 2)}\n`;
}

/** What is checked behind a union is checked of what its texts have become, and not of them. */
function asGiven(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("anyOf" in value)) return value;
  const { type: _type, minimum: _min, maximum: _max, ...others } = value as JsonSchema;
  return others;
}

if (import.meta.main) await Deno.writeTextFile(SCHEMA_FILE, configSchemaText());
