import { amfProperty, type AmfValue } from "../amf/amf_value.ts";
import type { Command } from "./command.ts";
import { RtmpError } from "./rtmp_error.ts";
import type { ConnectEvent } from "./session_event.ts";
import { MAX_NAME_LENGTH, MAX_QUERY_LENGTH, splitQuery } from "./stream_name.ts";

/**
 * What `connect` (RTMP 7.2.1.1) says.
 *
 * @throws {RtmpError} if a text is longer than its limit.
 */
export function readConnect({ args }: Command): ConnectEvent {
  const tcUrl = textProperty(args[0], "tcUrl");
  const flashVersion = textProperty(args[0], "flashVer");
  const { name: app, query: appQuery } = splitQuery(textProperty(args[0], "app"));
  const query = appQuery || splitQuery(tcUrl).query;
  checkLength("application name", app, MAX_NAME_LENGTH);
  checkLength("flashVer", flashVersion, MAX_NAME_LENGTH);
  checkLength("query", query, MAX_QUERY_LENGTH);
  checkLength("tcUrl", tcUrl, MAX_NAME_LENGTH + MAX_QUERY_LENGTH);
  return { kind: "connect", app, query, tcUrl, flashVersion };
}

function textProperty(object: AmfValue, name: string): string {
  const value = amfProperty(object, name);
  return typeof value === "string" ? value : "";
}

function checkLength(what: string, value: string, limit: number): void {
  if (value.length <= limit) return;
  throw new RtmpError(
    `Cannot connect: ${what} must be up to ${limit} characters, got ${value.length}`,
  );
}
