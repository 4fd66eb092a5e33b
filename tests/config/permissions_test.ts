import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import {
  grantedPortsFrom,
  hostWithPort,
  requirePermissions,
  udpFamiliesOf,
} from "../../src/config/permissions.ts";

Deno.test("hostWithPort: IPv6 addresses in brackets", () => {
  assertEquals(hostWithPort({ host: "127.0.0.1", port: 1 }), "127.0.0.1:1");
  assertEquals(hostWithPort({ host: "::", port: 8080 }), "[::]:8080");
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
  fn: () => requirePermissions(endpointsOf("127.0.0.1"), []),
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
        "127.0.0.2:1935 for RTMP, 127.0.0.2:9999 for HTTP: start it with " +
        "`deno run --allow-net=127.0.0.2:1935,127.0.0.2:9999 --ignore-env main.ts` and the same flags",
      ],
      [
        "::",
        "[::]:1935 for RTMP, [::]:9999 for HTTP: start it with `deno task start:net`, which may " +
        "use IPv6",
      ],
    ] as const;
    for (const [host, text] of texts) {
      const { message } = assertThrows(
        () => requirePermissions(endpointsOf(host), []),
        ConfigError,
      );
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
    name: `requirePermissions: of two hosts, with ${net} granted`,
    permissions: { net },
    fn: () => {
      if (refused === undefined) return requirePermissions([], [HOOK, KEY_SET]);
      const { message } = assertThrows(() => requirePermissions([], [HOOK, KEY_SET]), ConfigError);
      assertEquals(message, `Not permitted to reach ${refused}`);
    },
  });
}

Deno.test({
  name: "requirePermissions: all that is missing is named at once, with a remedy for all of it",
  permissions: { net: ["127.0.0.1:1935", "192.0.2.7"] },
  fn() {
    const webrtc = { purpose: "WebRTC", flag: "--webrtc-port" };
    const endpoints = [
      ...endpointsOf("127.0.0.1"),
      { ...webrtc, host: "127.0.0.1", port: 8000 },
      { ...webrtc, host: "127.0.0.1", port: 8001 },
    ];
    const listen = "Not permitted to listen on 127.0.0.1:9999 for HTTP, " +
      "127.0.0.1:8000, 127.0.0.1:8001 for WebRTC";
    const ports = assertThrows(() => requirePermissions(endpoints, []), ConfigError);
    assertEquals(
      ports.message,
      `${listen}: choose granted ports with --http-port, --webrtc-port, or start it with ` +
        "`deno run --allow-net=127.0.0.1:1935,127.0.0.1:9999,127.0.0.1:8000,127.0.0.1:8001 " +
        "--ignore-env main.ts` and the same flags",
    );
    const other = { ...HOOK, purpose: "another hook" };
    const all = assertThrows(
      () => requirePermissions(endpoints, [HOOK, other, KEY_SET]),
      ConfigError,
    );
    assertEquals(
      all.message,
      `${listen}, nor to reach hooks.example:443 for the hook on_publish, hooks.example:443 for ` +
        "another hook: start it with `deno task start:net`, which may use the whole network, or " +
        'add "127.0.0.1:9999", "127.0.0.1:8000", "127.0.0.1:8001", "hooks.example:443" to ' +
        "permissions.strict.net in deno.json",
    );
  },
});

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
