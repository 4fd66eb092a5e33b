import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { probePorts } from "../../src/config/port_probe.ts";
import { freePorts } from "../interop/free_ports.ts";

const ANYWHERE = { host: "127.0.0.1", port: 0, purpose: "HTTP", flag: "--http-port" };

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

const WEBRTC = {
  ...ANYWHERE,
  purpose: "WebRTC",
  flag: "--webrtc-port",
  over: "tcp and udp",
} as const;

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

Deno.test("probePorts: all that are in use are named at once, with the flags of each", () => {
  const [first, second, third] = freePorts(3) as [number, number, number];
  using _first = Deno.listen({ hostname: ANYWHERE.host, port: first });
  using _second = Deno.listen({ hostname: ANYWHERE.host, port: second });
  const endpoints = [
    { ...WEBRTC, port: first },
    { ...WEBRTC, port: second },
    { ...ANYWHERE, port: third, host: "192.0.2.1" },
  ];
  const { message } = assertThrows(() => probePorts(endpoints), ConfigError);
  assertEquals(
    message,
    `Cannot listen on 127.0.0.1:${first}, 127.0.0.1:${second} for WebRTC: these ports are in use; ` +
      `choose others with --webrtc-port; nor on 192.0.2.1:${third} for HTTP: this machine has no such ` +
      "address; choose another with --host",
  );
});
