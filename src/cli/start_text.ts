import { credentialsOf, opennessOf } from "../config/access_summary.ts";
import type { AddressFamilies } from "../config/address_families.ts";
import type { Config } from "../config/schema.ts";
import type { ServerCertificate } from "../config/server_certificate.ts";

/** What a gateway serves, and where. */
export interface Served {
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly rtmpsPort: number | undefined;
  readonly httpsPort: number | undefined;
  readonly adminPort: number | undefined;
  readonly webrtcPorts: readonly number[];
  /** `undefined` without WebTransport. */
  readonly webtransportPorts: readonly number[] | undefined;
  readonly udpFamilies: AddressFamilies;
  readonly certificate: Pick<ServerCertificate, "isSelfSigned" | "facts"> | undefined;
}

/** What is printed when a gateway is ready: where it listens, and the addresses to use. */
export function startText(version: string, config: Config, served: Served): string {
  const { host, shards, memory, access } = config;
  const { rtmpPort, httpPort } = served;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const authority = name.includes(":") ? `[${name}]` : name;
  const rtmp = `rtmp://${authority}${rtmpPort === 1935 ? "" : `:${rtmpPort}`}/live`;
  const http = `http://${authority}:${httpPort}`;
  const admin = adminText(config, served);
  const memoryMib = Math.round(memory / 1024 ** 2);
  const [publish, play] = [tokenTexts(access, "publish"), tokenTexts(access, "play")];
  const key = `NAME${publish.query}`;
  const secure = tlsTexts(host, authority, key, served);
  return `Sluice ${version}, ${shards} ${shards === 1 ? "shard" : "shards"}
  listening  RTMP on ${host} port ${rtmpPort}, HTTP on ${host} port ${httpPort}
             ${secure.listening}${webrtcText(host, served)}${webtransportText(host, served)}
${admin}  memory     up to ${memoryMib} MiB for streams, viewers and connections (--memory)
  publish    ${rtmp}/${key}   (OBS: server ${rtmp}, stream key ${key})
             ${http}/live/NAME/whip${publish.query}   (WebRTC: browsers, and OBS by WHIP)
${secure.publish}${publish.text}  watch      ${http}/${play.query}   (a page with a player)
             ${http}/live/NAME/whep${play.query}   (WebRTC, for players of WHEP)
             ${http}/live/NAME.flv${play.query}   (HTTP-FLV; the same over ws://)
             ${rtmp}/NAME${play.query}   (RTMP players)
${play.text}${secure.watch}${openText(config)}Ready. Stop with Ctrl+C.`;
}

/** What has to be given with an address, and a line on what that is. */
function tokenTexts(access: Config["access"], action: "publish" | "play") {
  const credentials = credentialsOf(access, action);
  if (credentials === undefined) return { query: "", text: "" };
  const { tokens, hasRules } = credentials;
  const words = [
    ...(tokens.length === 0 ? [] : [`TOKEN is ${tokens.join(", or ")}`]),
    ...(hasRules ? ["access.rules name who needs none"] : []),
  ];
  const text = words.length === 0
    ? "nobody may: no key, rule, token or hook of access is for it"
    : words.join("; ");
  return { query: tokens.length === 0 ? "" : "?token=TOKEN", text: `             ${text}\n` };
}

/** Where the API is, if it has an address of its own. */
function adminText({ adminListen }: Config, { adminPort }: Served): string {
  if (adminListen === undefined || adminPort === undefined) return "";
  const { host } = adminListen;
  return `             API and metrics on ${host} port ${adminPort}, and nowhere else
`;
}

/** Who may without having been named, on a line of its own. */
function openText({ access }: Config): string {
  const openness = opennessOf(access, false);
  return openness === undefined ? "" : `
!! ${openness}
`;
}

/** What start-up tells of TLS, each behind the lines on the same without it. */
function tlsTexts(host: string, authority: string, key: string, served: Served) {
  const { rtmpsPort, httpsPort, certificate } = served;
  if (certificate === undefined) return { listening: "", publish: "", watch: "" };
  const { isSelfSigned, facts: { fingerprint } } = certificate;
  return {
    listening: `RTMPS on ${host} port ${rtmpsPort}, HTTPS on ${host} port ${httpsPort}
             `,
    publish: `             rtmps://${authority}:${rtmpsPort}/live/${key}   (over TLS)
`,
    watch: `             https://${authority}:${httpsPort}/   (all of these over TLS; wss:// too)
  ${isSelfSigned ? "self-signed certificate, made for this run" : "certificate"}: SHA-256
             ${fingerprint}
`,
  };
}

/** One for each shard: "ports 8000-8003". */
function portsText(ports: readonly number[]): string {
  const [first, ...rest] = ports;
  const isRow = rest.every((port, at) => port === first! + at + 1);
  const list = isRow && rest.length > 0 ? `${first}-${rest.at(-1)}` : ports.join(", ");
  return `${ports.length === 1 ? "port" : "ports"} ${list}`;
}

function webtransportText(host: string, { webtransportPorts }: Served): string {
  if (webtransportPorts === undefined) return "";
  return `,
             WebTransport on ${host} ${portsText(webtransportPorts)} (UDP)`;
}

function webrtcText(host: string, { webrtcPorts, udpFamilies }: Served): string {
  const { ipv4, ipv6 } = udpFamilies;
  const how = !ipv4 && !ipv6
    ? "TCP only: replies over UDP to any address are not permitted"
    : host === "::" && !ipv6
    ? "UDP and TCP; over IPv6 TCP only: replies over UDP to any address need start:net"
    : "UDP and TCP";
  return `WebRTC on ${host} ${portsText(webrtcPorts)} (${how})`;
}
