/** Real proxies in front of the gateway. */
import { requestFrom } from "../../testing/network/addressed_client.ts";
import type { GatewayProcess } from "../../testing/gateway_process.ts";
import type { Peer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { freePorts } from "./free_ports.ts";
import { spawnPeer } from "./peer_process.ts";

/** Where a proxy listens. */
export interface ProxyPorts {
  /** HTTP with X-Forwarded-For. */
  readonly http: number;
  /** HTTP by the PROXY protocol. */
  readonly stream: number;
  /** RTMP by the PROXY protocol. */
  readonly rtmp: number;
}

/** A program in front of the gateway. */
export interface Proxy {
  readonly peer: Peer;
  readonly args: (file: string, folder: string) => readonly string[];
  readonly configuration: (ports: ProxyPorts, gateway: GatewayProcess, folder: string) => string;
}

export const NGINX: Proxy = {
  peer: "nginx",
  args: (file, folder) => ["-c", file, "-p", folder, "-g", "daemon off; master_process off;"],
  configuration: ({ http, stream, rtmp }, { httpPort, rtmpPort }, folder) => `
    load_module /usr/lib/nginx/modules/ngx_stream_module.so;
    pid ${folder}/nginx.pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${http};
        location / {
          proxy_pass http://127.0.0.1:${httpPort};
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }
      }
    }
    stream {
      server {
        listen 127.0.0.1:${stream};
        proxy_pass 127.0.0.1:${httpPort};
        proxy_protocol on;
      }
      server {
        listen 127.0.0.1:${rtmp};
        proxy_pass 127.0.0.1:${rtmpPort};
        proxy_protocol on;
      }
    }`,
};

export const HAPROXY: Proxy = {
  peer: "haproxy",
  args: (file) => ["-f", file, "-db"],
  configuration: ({ http, stream, rtmp }, { httpPort, rtmpPort }) => `
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend http
  mode http
  bind 127.0.0.1:${http}
  default_backend http
backend http
  mode http
  option forwardfor
  server gateway 127.0.0.1:${httpPort}
listen stream
  mode tcp
  bind 127.0.0.1:${stream}
  server gateway 127.0.0.1:${httpPort} send-proxy
listen rtmp
  mode tcp
  bind 127.0.0.1:${rtmp}
  server gateway 127.0.0.1:${rtmpPort} send-proxy-v2 check check-send-proxy inter 200ms
`,
};

/** It has no PROXY protocol as Debian has it: HTTP only. */
export const CADDY: Proxy = {
  peer: "caddy",
  args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
  configuration: ({ http }, { httpPort }) =>
    `{
  admin off
}
http://:${http} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${httpPort} {
    flush_interval -1
  }
}
`,
};

/** A proxy at work; dispose of it to end it. */
export interface RunningProxy extends AsyncDisposable {
  readonly ports: ProxyPorts;
}

/** Starts a proxy on free ports; resolves when it serves. */
export async function startProxy(
  { peer, args, configuration }: Proxy,
  gateway: GatewayProcess,
): Promise<RunningProxy> {
  const [http, stream, rtmp] = freePorts(3) as [number, number, number];
  const ports = { http, stream, rtmp };
  const folder = await Deno.makeTempDir({ prefix: "sluice-proxy-" });
  const file = `${folder}/${peer}.conf`;
  await Deno.writeTextFile(file, configuration(ports, gateway, folder));
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const process = spawnPeer(peer, args(file, folder), { env });
  await until(`${peer} is ready`, async () => {
    const answer = await requestFrom("127.0.0.1", http, "/healthz").catch(() => undefined);
    answer?.[Symbol.dispose]();
    return answer?.status === 200;
  });
  return { ports, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}
