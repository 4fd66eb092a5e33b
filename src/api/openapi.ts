import { toJsonSchema } from "@valibot/to-json-schema";
import { type SchemaName, SCHEMAS } from "./schemas.ts";

/** The file that the document is served as, ready to be sent. */
export function openApiFile(version: string) {
  return {
    path: "/api/v1/openapi.json",
    contentType: "application/json",
    body: JSON.stringify(openApiDocument(version)),
  };
}

interface Operation {
  readonly path: string;
  readonly method: "get" | "post" | "put" | "delete";
  readonly summary: string;
  /** What is answered: JSON, or something of a type of its own. */
  readonly answers: SchemaName | keyof typeof OTHER_ANSWERS;
  readonly query?: "page" | "of";
  /** Whether JSON is sent. */
  readonly takesJson?: true;
  /** Whether anybody may ask, and Access decides what it is told. */
  readonly isOpen?: true;
  /** Whether what the path names may not be there. */
  readonly mayLack?: true;
  /** Whether it may be refused for now. */
  readonly mayBeBusy?: true;
}

/** Answers that have no schema of their own. */
const OTHER_ANSWERS = {
  document: { "application/json": { schema: { type: "object" } } },
  /** Server-sent ones. */
  events: { "text/event-stream": { schema: { type: "string" } } },
  text: { "text/plain": { schema: { type: "string" } } },
} as const;

const QUERIES = {
  page: { type: "integer", minimum: 1, default: 1 },
  /** Groups of events, with commas between them. */
  of: { type: "string", pattern: "^(streams|clients|server)(,(streams|clients|server))*$" },
} as const;

const OPERATIONS: readonly Operation[] = [
  { path: "/api/v1/server", method: "get", summary: "The server", answers: "ServerAnswer" },
  { path: "/api/v1/shards", method: "get", summary: "Its threads", answers: "ShardsAnswer" },
  {
    path: "/api/v1/summaries",
    method: "get",
    summary: "The server, as SRS tells of itself",
    answers: "SummariesAnswer",
  },
  {
    path: "/api/v1/streams",
    method: "get",
    summary: "All streams, 100 a page",
    answers: "StreamsAnswer",
    query: "page",
    mayLack: true,
  },
  {
    path: "/api/v1/streams/{app}/{name}",
    method: "get",
    summary: "A stream",
    answers: "StreamAnswer",
    mayLack: true,
  },
  {
    path: "/api/v1/streams/{app}/{name}",
    method: "delete",
    summary: "Ends a stream, its publisher and its viewers",
    answers: "Done",
    mayLack: true,
  },
  {
    path: "/api/v1/clients",
    method: "get",
    summary: "Viewers and publishers, 100 a page",
    answers: "ClientsAnswer",
    query: "page",
    mayLack: true,
  },
  {
    path: "/api/v1/clients/{id}",
    method: "get",
    summary: "A viewer or publisher",
    answers: "ClientAnswer",
    mayLack: true,
  },
  {
    path: "/api/v1/clients/{id}",
    method: "delete",
    summary: "Ends a viewer or publisher",
    answers: "Done",
    mayLack: true,
  },
  {
    path: "/api/v1/events",
    method: "get",
    summary: "What changes on all threads, from now on or from Last-Event-ID on",
    answers: "events",
    query: "of",
  },
  {
    path: "/api/v1/config",
    method: "put",
    summary: "Changes those members of the configuration that are given",
    answers: "ConfigAnswer",
    takesJson: true,
  },
  {
    path: "/api/v1/live",
    method: "get",
    summary: "The streams that the caller may watch, 100 a page",
    answers: "LiveAnswer",
    query: "page",
    isOpen: true,
    mayLack: true,
  },
  {
    path: "/api/v1/live/events",
    method: "get",
    summary: "A page of these, and what changes in it",
    answers: "events",
    query: "page",
    isOpen: true,
    mayLack: true,
  },
  {
    path: "/api/v1/webtransport",
    method: "get",
    summary: "Where WebTransport is, and which certificates to take there",
    answers: "WebtransportAnswer",
    isOpen: true,
    mayLack: true,
  },
  {
    path: "/api/v1/openapi.json",
    method: "get",
    summary: "This document",
    answers: "document",
    isOpen: true,
  },
  {
    path: "/api/v1/config.schema.json",
    method: "get",
    summary: "The JSON Schema of the configuration",
    answers: "document",
    isOpen: true,
  },
  { path: "/metrics", method: "get", summary: "For Prometheus", answers: "text" },
  {
    path: "/healthz",
    method: "get",
    summary: "Whether it runs",
    answers: "text",
    isOpen: true,
  },
  {
    path: "/readyz",
    method: "get",
    summary: "Whether it takes new clients",
    answers: "text",
    isOpen: true,
    mayBeBusy: true,
  },
  {
    path: "/obs/multitrack",
    method: "post",
    summary: "What OBS is to publish in several qualities, and where; or why not",
    answers: "MultitrackAnswer",
    takesJson: true,
    isOpen: true,
  },
];

/** The document of the API (OpenAPI 3.1), made of the schemas that its answers have. */
function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    (paths[operation.path] ??= {})[operation.method] = describeOperation(operation);
  }
  const schemas = Object.entries(SCHEMAS).map(([name, schema]) => {
    const { $schema: _, ...json } = toJsonSchema(schema);
    return [name, json];
  });
  return {
    openapi: "3.1.0",
    info: { title: "Sluice", version, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: Object.fromEntries(schemas),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function describeOperation({ path, method, summary, answers, query, ...rest }: Operation) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const content = isOther(answers)
    ? OTHER_ANSWERS[answers]
    : { "application/json": { schema: { $ref: `#/components/schemas/${answers}` } } };
  const text = (description: string) => ({
    description,
    content: { "text/plain": { schema: { $ref: "#/components/schemas/Problem" } } },
  });
  const words = path.replace(/^\/(?:api\/v1\/)?/, "").replaceAll(/[{}]/g, "").split("/");
  return {
    operationId: `${method}${words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("")}`,
    summary,
    // Who sits at the machine may read without the token, if none is configured.
    security: method === "get" || rest.isOpen ? [{ token: [] }, {}] : [{ token: [] }],
    parameters: [
      ...names.map((name) => ({
        name,
        in: "path",
        required: true,
        schema: { type: "string" },
      })),
      ...(query === undefined ? [] : [{
        name: query,
        in: "query",
        schema: QUERIES[query],
      }]),
    ],
    ...(rest.takesJson && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: { type: "object" } } },
      },
    }),
    responses: {
      200: { description: summary, content },
      ...(query === undefined ? {} : { 400: text("The query asks for what there is not") }),
      ...(method === "put" ? { 400: text("It is wrong, and nothing was changed") } : {}),
      ...(rest.isOpen ? {} : {
        401: text("The token is missing or wrong"),
        403: text("It needs a token, or is not for this page"),
      }),
      ...(rest.mayLack ? { 404: text("There is no such thing") } : {}),
      ...(rest.takesJson ? { 413: text("It is too large") } : {}),
      ...(rest.mayBeBusy ? { 503: text("Not now") } : {}),
      default: text("Why it is refused"),
    },
  };
}

function isOther(answers: Operation["answers"]): answers is keyof typeof OTHER_ANSWERS {
  return answers in OTHER_ANSWERS;
}
