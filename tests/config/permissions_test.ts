import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { hostWithPort, probePort, requirePermissions } from "../../src/config/permissions.ts";

const ANYWHERE = { host: "127.0.0.1", port: 0, purpose: "HTTP", flag: "--http-port" };

Deno.test("hostWithPort: IPv6 addresses in brackets", () => {
  assertEquals(hostWithPort({ host: "127.0.0.1", port: 1 }), "127.0.0.1:1");
  assertEquals(hostWithPort({ host: "::", port: 8080 }), "[::]:8080");
});

Deno.test("probePort: finds a free port, keeps a given one, and leaves it free", () => {
  const port = probePort(ANYWHERE);
  assert(port > 0);
  assertEquals(probePort({ ...ANYWHERE, port }), port);
  Deno.listen({ hostname: ANYWHERE.host, port }).close();
});

Deno.test("probePort: a port in use, even by listeners that share it", () => {
  for (const reusePort of [false, true]) {
    const listener = Deno.listen({ hostname: ANYWHERE.host, port: 0, reusePort });
    const { port } = listener.addr;
    const { message } = assertThrows(() => probePort({ ...ANYWHERE, port }), ConfigError);
    assertEquals(
      message,
      `Cannot listen on 127.0.0.1:${port} for HTTP: the port is in use; ` +
        "choose another with --http-port",
    );
    listener.close();
  }
});

Deno.test("probePort: an address of another machine", () => {
  const { message } = assertThrows(
    () => probePort({ ...ANYWHERE, host: "192.0.2.1" }),
    ConfigError,
  );
  assertEquals(
    message,
    "Cannot listen on 192.0.2.1:0 for HTTP: this machine has no such address; " +
      "choose another with --host",
  );
});

const ENDPOINTS = [
  { host: "127.0.0.1", port: 1935, purpose: "RTMP", flag: "--rtmp-port" },
  { host: "127.0.0.1", port: 9999, purpose: "HTTP", flag: "--http-port" },
];

Deno.test({
  name: "requirePermissions: all that is needed is granted",
  permissions: { net: ["127.0.0.1:1935", "127.0.0.1:9999"] },
  fn: () => requirePermissions(ENDPOINTS),
});

Deno.test({
  name: "requirePermissions: names what is missing, and the flag that grants all",
  permissions: { net: ["127.0.0.1:1935", "0.0.0.0:9999"] },
  fn: () => {
    const { message } = assertThrows(() => requirePermissions(ENDPOINTS), ConfigError);
    assertEquals(
      message,
      "Not permitted to listen on 127.0.0.1:9999 for HTTP: grant it with " +
        "--allow-net=127.0.0.1:1935,127.0.0.1:9999, or choose a granted port with --http-port",
    );
  },
});
