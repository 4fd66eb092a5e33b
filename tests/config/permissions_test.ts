import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { hostWithPort, probePorts, requirePermissions } from "../../src/config/permissions.ts";

const ANYWHERE = { host: "127.0.0.1", port: 0, purpose: "HTTP", flag: "--http-port" };

Deno.test("hostWithPort: IPv6 addresses in brackets", () => {
  assertEquals(hostWithPort({ host: "127.0.0.1", port: 1 }), "127.0.0.1:1");
  assertEquals(hostWithPort({ host: "::", port: 8080 }), "[::]:8080");
});

Deno.test("probePorts: finds a free port, keeps a given one, and leaves it free", () => {
  const [port] = probePorts([ANYWHERE]);
  assert(port > 0);
  assertEquals(probePorts([{ ...ANYWHERE, port }]), [port]);
  Deno.listen({ hostname: ANYWHERE.host, port }).close();
});

Deno.test("probePorts: a port in use, even by listeners that share it", () => {
  for (const reusePort of [false, true]) {
    const listener = Deno.listen({ hostname: ANYWHERE.host, port: 0, reusePort });
    const { port } = listener.addr;
    const { message } = assertThrows(() => probePorts([{ ...ANYWHERE, port }]), ConfigError);
    assertEquals(
      message,
      `Cannot listen on 127.0.0.1:${port} for HTTP: the port is in use; ` +
        "choose another with --http-port",
    );
    listener.close();
  }
});

Deno.test("probePorts: one port for two endpoints is in use for the second, which is named", () => {
  const [port] = probePorts([ANYWHERE]);
  const rtmp = { ...ANYWHERE, port, purpose: "RTMP", flag: "--rtmp-port" };
  assertThrows(
    () => probePorts([rtmp, { ...ANYWHERE, port }]),
    ConfigError,
    "for HTTP: the port is in use; choose another with --http-port",
  );
  Deno.listen({ hostname: ANYWHERE.host, port }).close();
});

Deno.test("probePorts: the free ports that it finds differ", () => {
  const ports = probePorts(Array.from({ length: 200 }, () => ANYWHERE));
  assertEquals(new Set(ports).size, 200);
});

Deno.test("probePorts: an address of another machine", () => {
  const { message } = assertThrows(
    () => probePorts([{ ...ANYWHERE, host: "192.0.2.1" }]),
    ConfigError,
  );
  assertEquals(
    message,
    "Cannot listen on 192.0.2.1:0 for HTTP: this machine has no such address; " +
      "choose another with --host",
  );
});

/** The endpoints of a gateway on this host. */
function endpointsOf(host: string) {
  return [
    { host, port: 1935, purpose: "RTMP", flag: "--rtmp-port" },
    { host, port: 9999, purpose: "HTTP", flag: "--http-port" },
  ];
}

Deno.test({
  name: "requirePermissions: all that is needed is granted",
  permissions: { net: ["127.0.0.1:1935", "127.0.0.1:9999"] },
  fn: () => requirePermissions(endpointsOf("127.0.0.1")),
});

Deno.test({
  name: "requirePermissions: names what is missing, and what grants all",
  permissions: { net: ["127.0.0.1:1935", "0.0.0.0:9999"] },
  fn: () => {
    const texts = [
      [
        "127.0.0.1",
        "127.0.0.1:9999 for HTTP: choose a granted port with --http-port, or start it with " +
        "`deno run --allow-net=127.0.0.1:1935,127.0.0.1:9999 --ignore-env main.ts` and the same flags",
      ],
      [
        "127.0.0.2",
        "127.0.0.2:1935 for RTMP: start it with " +
        "`deno run --allow-net=127.0.0.2:1935,127.0.0.2:9999 --ignore-env main.ts` and the same flags",
      ],
      ["::", "[::]:1935 for RTMP: start it with `deno task start:dual`, which may use IPv6"],
    ] as const;
    for (const [host, text] of texts) {
      const { message } = assertThrows(() => requirePermissions(endpointsOf(host)), ConfigError);
      assertEquals(message, `Not permitted to listen on ${text}`);
    }
  },
});
