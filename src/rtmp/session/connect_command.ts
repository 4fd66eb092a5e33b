import { amfProperty, type AmfValue } from "../../amf/amf_value.ts";
import { unprintableIn } from "../../bytes/printable.ts";
import type { Command } from "../message/command.ts";
import { readEnhancedCapabilities } from "../message/enhanced_capabilities.ts";
import { RtmpError } from "../rtmp_error.ts";
import type { ConnectEvent } from "./event.ts";
import { MAX_NAME_LENGTH, MAX_QUERY_LENGTH, splitQuery } from "../message/stream_name.ts";

/**
 * What `connect` (RTMP 7.2.1.1) says. A client that names no application means the one that its
 * `tcUrl` ends with.
 *
 * @throws {RtmpError} if a text is longer than its limit, or has what cannot be seen.
 */
export function readConnect({ args }: Command): ConnectEvent {
  const [object] = args;
  const tcUrl = textProperty(object, "tcUrl") ?? "";
  const flashVersion = textProperty(object, "flashVer") ?? "";
  checkLength("flashVer", flashVersion, MAX_NAME_LENGTH);
  checkLength("tcUrl", tcUrl, MAX_NAME_LENGTH + MAX_QUERY_LENGTH);
  const { name: app, query: appQuery } = splitQuery(
    textProperty(object, "app") ?? pathOf(tcUrl),
  );
  const query = appQuery || splitQuery(tcUrl).query;
  checkLength("application name", app, MAX_NAME_LENGTH);
  checkLength("query", query, MAX_QUERY_LENGTH);
  checkPrintable("application name", app);
  checkPrintable("query", query);
  const objectEncoding = amfProperty(object, "objectEncoding") === 3 ? 3 : 0;
  const capabilities = readEnhancedCapabilities(object);
  return { kind: "connect", app, query, tcUrl, flashVersion, objectEncoding, capabilities };
}

/** What follows the host, its port included: "live?token=x" of "rtmp://host:1935/live?token=x". */
function pathOf(tcUrl: string): string {
  return /^[a-z]+:\/\/[^/?]*\/?(.*)$/is.exec(tcUrl)?.[1] ?? "";
}

function textProperty(object: AmfValue, name: string): string | undefined {
  const value = amfProperty(object, name);
  return typeof value === "string" ? value : undefined;
}

function checkPrintable(what: string, value: string): void {
  const unprintable = unprintableIn(value);
  if (unprintable === undefined) return;
  throw new RtmpError(`Cannot connect: ${what} must be text that can be seen, got ${unprintable}`);
}

function checkLength(what: string, value: string, limit: number): void {
  if (value.length <= limit) return;
  throw new RtmpError(
    `Cannot connect: ${what} must be up to ${limit} characters, got ${value.length}`,
  );
}
