/** A set of keys at a real server, which rotates them, fails and is away, and the running program. */
import { assertEquals, assertMatch } from "@std/assert";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { startHttpServer } from "../access/http_server.ts";
import { freePorts } from "../interop/free_ports.ts";
import { api, WAYS_TO_PLAY } from "./access_ways.ts";

const ADMIN = "the-token-of-the-operator";

/** Where nobody publishes: who may play is told so. */
const PATH = "live/none";
const MAY = "404";
const MAY_NOT = "403";
const NOBODY_KNOWS = "503";

async function keyPair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const token = await new SignJWT({ play: PATH, jti: `of-${kid}` })
    .setProtectedHeader({ alg: "ES256", kid })
    .setExpirationTime("10m")
    .sign(privateKey);
  return { jwk: { ...await exportJWK(publicKey), kid }, token };
}

/** A server that can be away and come back. */
class KeyServer implements AsyncDisposable {
  readonly #port = freePorts(1)[0]!;
  #server: ReturnType<typeof startHttpServer> | undefined;
  answer: () => Response = () => new Response("", { status: 500 });

  get url(): string {
    return `http://127.0.0.1:${this.#port}/keys.json`;
  }

  publish(...keys: readonly unknown[]): void {
    this.answer = () => Response.json({ keys });
  }

  come(): void {
    this.#server = startHttpServer(() => this.answer(), this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }
}

Deno.test("keys by URL: rotated, and kept while their server is away or says rubbish", async (t) => {
  const [first, second, third] = await Promise.all(["1", "2", "3"].map(keyPair));
  await using server = new KeyServer();
  const access = { jwt: { jwksUrl: server.url } };
  await using gateway = await startGateway({
    args: ["--shards", "1"],
    config: { access, adminToken: ADMIN },
  });
  const told = ({ token }: { readonly token: string }) =>
    WAYS_TO_PLAY["HTTP-FLV"]!.way(gateway, PATH, token);

  await t.step(
    "away from the beginning: nobody is let in, and the start waits for nothing",
    async () => {
      assertEquals(await told(first!), NOBODY_KNOWS);
      assertMatch(
        gateway.output(),
        /Cannot load the keys of tokens from 127\.0\.0\.1:\d+: .*refused/,
      );
    },
  );
  await t.step("it comes", async () => {
    server.publish(first!.jwk);
    server.come();
    await until("its keys are known", async () => await told(first!) === MAY);
    assertEquals(await told(second!), MAY_NOT);
  });
  await t.step("it rotates its keys", async () => {
    server.publish(first!.jwk, second!.jwk);
    await until("the new one is known", async () => await told(second!) === MAY);
    assertEquals(await told(first!), MAY);
    server.publish(second!.jwk);
  });
  const asksInVain = async (reason: RegExp) => {
    const seen = gateway.output().length;
    await until("it is asked in vain", async () => {
      assertEquals(await told(third!), MAY_NOT);
      return reason.test(gateway.output().slice(seen));
    });
    assertEquals(await told(second!), MAY);
  };
  await t.step("it says rubbish", async () => {
    server.answer = () => new Response("<html>");
    await asksInVain(/Cannot load the keys .*: an answer that is no JSON/);
  });
  await t.step("it is away", async () => {
    await server[Symbol.asyncDispose]();
    await asksInVain(/Cannot load the keys .*refused/);
  });
  await t.step("a reload meanwhile, which keeps the URL", async () => {
    const body = { access: { ...access, otherwise: { publish: "refuse" } }, recheck: true };
    assertEquals((await api(gateway, "PUT", "/api/v1/config", { token: ADMIN, body })).status, 200);
    assertEquals(await told(second!), MAY);
  });
  await t.step("it comes back with others", async () => {
    server.publish(third!.jwk);
    server.come();
    await until("they are known", async () => await told(third!) === MAY);
  });
});
