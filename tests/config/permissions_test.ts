import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import {
  grantedPortsFrom,
  hostWithPort,
  probePorts,
  requireContacts,
  requirePermissions,
  udpFamiliesOf,
} from "../../src/config/permissions.ts";
import { freePorts } from "../interop/free_ports.ts";

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

Deno.test("probePorts: one port for two endpoints is refused to the second, and both are named", () => {
  const [port] = probePorts([ANYWHERE]);
  const rtmp = { ...ANYWHERE, port, purpose: "RTMP", flag: "--rtmp-port" };
  assertThrows(
    () => probePorts([rtmp, { ...ANYWHERE, port }]),
    ConfigError,
    "for HTTP: RTMP has that port (--rtmp-port); choose another with --http-port",
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
      ["::", "[::]:1935 for RTMP: start it with `deno task start:net`, which may use IPv6"],
    ] as const;
    for (const [host, text] of texts) {
      const { message } = assertThrows(() => requirePermissions(endpointsOf(host)), ConfigError);
      assertEquals(message, `Not permitted to listen on ${text}`);
    }
  },
});

const HOOK = { host: "hooks.example", port: 443, purpose: "the hook on_publish" };
const KEY_SET = { host: "192.0.2.7", port: 8443, purpose: "the key set of jwt" };

const CONTACT_GRANTS: readonly (readonly [
  net: true | string[],
  refused?: string,
])[] = [
  [true],
  [["0.0.0.0/0", "hooks.example:443"]],
  [["hooks.example", "192.0.2.7:8443"]],
  [
    ["0.0.0.0/0"],
    "hooks.example:443 for the hook on_publish: start it with `deno task start:net`, which may use " +
    'the whole network, or add "hooks.example:443" to permissions.default.net in deno.json',
  ],
  [
    ["0.0.0.0:8080", "hooks.example"],
    "192.0.2.7:8443 for the key set of jwt: start it with `deno task start:net`, which may use " +
    'the whole network, or add "192.0.2.7:8443" to permissions.strict.net in deno.json',
  ],
];

for (const [net, refused] of CONTACT_GRANTS) {
  Deno.test({
    name: `requireContacts: of two hosts, with ${net} granted`,
    permissions: { net },
    fn: () => {
      if (refused === undefined) return requireContacts([HOOK, KEY_SET]);
      const { message } = assertThrows(() => requireContacts([HOOK, KEY_SET]), ConfigError);
      assertEquals(message, `Not permitted to reach ${refused}`);
    },
  });
}

const WEBRTC = { ...ANYWHERE, purpose: "WebRTC", flag: "--webrtc-port", takesUdp: true };

function listenUdp(port: number): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: ANYWHERE.host, port });
}

Deno.test("probePorts: a port for UDP too is free for both, and left free", () => {
  const ports = probePorts(Array.from({ length: 50 }, () => WEBRTC));
  assertEquals(new Set(ports).size, 50);
  for (const port of ports) {
    Deno.listen({ hostname: ANYWHERE.host, port }).close();
    listenUdp(port).close();
  }
  assertEquals(probePorts([{ ...WEBRTC, port: ports[0]! }]), [ports[0]!]);
});

Deno.test("probePorts: a port that another program has for UDP", () => {
  const port = freePorts(1)[0]!;
  using _socket = disposable(listenUdp(port));
  assertEquals(probePorts([{ ...ANYWHERE, port }]), [port]);
  const { message } = assertThrows(() => probePorts([{ ...WEBRTC, port }]), ConfigError);
  assertEquals(
    message,
    `Cannot listen on 127.0.0.1:${port} for WebRTC over UDP: the port is in use; ` +
      "choose another with --webrtc-port",
  );
  // What was held meanwhile is free.
  Deno.listen({ hostname: ANYWHERE.host, port }).close();
});

function disposable(socket: Deno.DatagramConn): Deno.DatagramConn & Disposable {
  return Object.assign(socket, { [Symbol.dispose]: () => socket.close() });
}

const GRANTS: readonly (readonly [
  net: Deno.PermissionOptionsObject["net"],
  hosts: Record<string, "none" | "IPv4" | "IPv6" | "both">,
])[] = [
  [true, { "0.0.0.0": "IPv4", "127.0.0.1": "IPv4", "::": "both", "::1": "IPv6" }],
  [["0.0.0.0:8000", "127.0.0.1:8000", "[::]:8000"], {
    "0.0.0.0": "none",
    "127.0.0.1": "none",
    "::": "none",
  }],
  [["0.0.0.0/0"], { "0.0.0.0": "IPv4", "127.0.0.1": "IPv4", "::": "IPv4", "::1": "none" }],
  [["0.0.0.0/0", "[::]"], { "0.0.0.0": "IPv4", "::": "IPv4", "::1": "none" }],
];

const FAMILIES = {
  none: { ipv4: false, ipv6: false },
  IPv4: { ipv4: true, ipv6: false },
  IPv6: { ipv4: false, ipv6: true },
  both: { ipv4: true, ipv6: true },
};

for (const [net, hosts] of GRANTS) {
  Deno.test({
    name: `udpFamiliesOf: with ${net === true ? "all of the network" : net}`,
    permissions: { net: net! },
    fn: () => {
      for (const [host, expected] of Object.entries(hosts)) {
        assertEquals(udpFamiliesOf(host), FAMILIES[expected], host);
      }
    },
  });
}

Deno.test({
  name: "grantedPortsFrom: ports in a row",
  permissions: { net: ["0.0.0.0:8000", "0.0.0.0:8001", "0.0.0.0:8003", "[::]:8000"] },
  fn: () => {
    const counts = [["0.0.0.0", 8000, 2], ["0.0.0.0", 8001, 1], ["0.0.0.0", 8002, 0], [
      "::",
      8000,
      1,
    ]] as const;
    for (const [host, port, count] of counts) assertEquals(grantedPortsFrom(host, port, 4), count);
    assertEquals(grantedPortsFrom("0.0.0.0", 8000, 1), 1);
  },
});
