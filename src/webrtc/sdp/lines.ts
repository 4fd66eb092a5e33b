import { WebrtcError } from "../webrtc_error.ts";

/** Characters of a description: browsers send 3 to 15 thousand. */
export const MAX_SDP_LENGTH = 20 * 1024;
/** Chromium's usual offer has 200. */
export const MAX_SDP_LINES = 640;
export const MAX_SDP_LINE_LENGTH = 1024;
/** Sections of media: a viewer needs two, and may have a data channel. */
export const MAX_SDP_SECTIONS = 8;
/** Formats of a section: Chromium has 34 for pictures, and numbers for 70 are there at most. */
export const MAX_SDP_FORMATS = 64;

/**
 * Attributes of one name in one section, for those that are kept or looked through: about three
 * times as many as browsers send.
 */
export const MAX_SDP_ATTRIBUTES: ReadonlyMap<string, number> = new Map([
  ["rtcp-fb", 320],
  ["rtpmap", 2 * MAX_SDP_FORMATS],
  ["fmtp", 2 * MAX_SDP_FORMATS],
  ["candidate", 96],
  ["extmap", 48],
  ["ssrc", 48],
  ["rid", 16],
  ["group", 8],
  ["fingerprint", 8],
]);

/** `a=name:value`, or `a=name` with an empty value. */
export interface SdpAttribute {
  readonly name: string;
  readonly value: string;
}

/** An `m=` line (RFC 8866 5.14) and the attributes that follow it. */
export interface SdpMedia {
  /** "audio", "video", "application" … */
  readonly media: string;
  readonly port: number;
  readonly protocol: string;
  /** Payload types, for media over RTP. */
  readonly formats: readonly string[];
  readonly attributes: readonly SdpAttribute[];
}

/** A description, or a fragment of one (RFC 8840 9), in its lines. */
export interface SdpText {
  readonly attributes: readonly SdpAttribute[];
  readonly media: readonly SdpMedia[];
}

const MEDIA_LINE = /^([a-z]+) (\d{1,5})(?:\/\d+)? ([A-Z0-9/]+) (\S+(?: \S+)*) *$/i;

/**
 * Takes a description apart into attributes, which are all that WebRTC looks at; other lines are
 * only checked to be lines. `\r\n`, `\n` and a missing end of the last line are all taken.
 *
 * @throws {WebrtcError} if a line is none, or a limit is passed
 */
export function splitSdp(text: string): SdpText {
  if (text.length > MAX_SDP_LENGTH) {
    throw new WebrtcError(
      `Cannot read SDP: must be up to ${MAX_SDP_LENGTH} characters, got ${text.length}`,
    );
  }
  const lines = text.split(/\r?\n/, MAX_SDP_LINES + 1);
  if (lines.length > MAX_SDP_LINES) {
    throw new WebrtcError(`Cannot read SDP: must have up to ${MAX_SDP_LINES} lines, got more`);
  }
  const session: SdpAttribute[] = [];
  const media: SdpMedia[] = [];
  let attributes = session;
  for (const line of lines) {
    if (line === "") continue;
    checkLine(line);
    if (line.startsWith("a=")) {
      attributes.push(parseAttribute(line));
    } else if (line.startsWith("m=")) {
      if (media.length === MAX_SDP_SECTIONS) {
        throw new WebrtcError(`Cannot read SDP: must have up to ${MAX_SDP_SECTIONS} m= lines`);
      }
      attributes = [];
      media.push(parseMediaLine(line, attributes));
    }
  }
  checkCounts(session);
  for (const section of media) checkCounts(section.attributes);
  return { attributes: session, media };
}

function checkCounts(attributes: readonly SdpAttribute[]): void {
  const counts = new Map<string, number>();
  for (const { name } of attributes) {
    const limit = MAX_SDP_ATTRIBUTES.get(name);
    if (limit === undefined) continue;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count > limit) {
      throw new WebrtcError(
        `Cannot read SDP: must have up to ${limit} a=${name} lines in a section, got ${count}`,
      );
    }
  }
}

/** The value of the first attribute of this name. */
export function sdpValue(attributes: readonly SdpAttribute[], name: string): string | undefined {
  for (const attribute of attributes) if (attribute.name === name) return attribute.value;
  return undefined;
}

/** The values of all attributes of this name. */
export function sdpValues(attributes: readonly SdpAttribute[], name: string): string[] {
  const values: string[] = [];
  for (const attribute of attributes) if (attribute.name === name) values.push(attribute.value);
  return values;
}

function checkLine(line: string): void {
  if (line.length > MAX_SDP_LINE_LENGTH) {
    throw new WebrtcError(
      `Cannot read SDP: a line must have up to ${MAX_SDP_LINE_LENGTH} characters, got ${line.length}`,
    );
  }
  // RFC 8866 5: no control character but the line's end, so none can start a line when echoed.
  if (!/^[a-z]=/.test(line) || /\p{Cc}/u.test(line)) {
    throw new WebrtcError(
      `Cannot read SDP: a line must be "a=…" without control characters, got ${
        JSON.stringify(line.slice(0, 32))
      }`,
    );
  }
}

function parseAttribute(line: string): SdpAttribute {
  const colonAt = line.indexOf(":");
  return colonAt < 0
    ? { name: line.slice(2).trimEnd(), value: "" }
    : { name: line.slice(2, colonAt), value: line.slice(colonAt + 1).trim() };
}

function parseMediaLine(line: string, attributes: readonly SdpAttribute[]): SdpMedia {
  const match = MEDIA_LINE.exec(line.slice(2));
  if (match === null || Number(match[2]) > 65_535) {
    throw new WebrtcError(
      `Cannot read SDP: must be "m=media port protocol formats", got ${
        JSON.stringify(line.slice(0, 80))
      }`,
    );
  }
  const [, media, port, protocol, list] = match;
  const formats = list!.split(/ +/);
  if (formats.length > MAX_SDP_FORMATS) {
    throw new WebrtcError(
      `Cannot read SDP: a section must have up to ${MAX_SDP_FORMATS} formats, got ${formats.length}`,
    );
  }
  return {
    media: media!,
    port: Number(port),
    protocol: protocol!,
    formats,
    attributes,
  };
}
