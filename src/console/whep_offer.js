// @ts-check
/** Edits of the SDP offer that the browser makes, before it is set and sent. */

/**
 * Asks for stereo: without `stereo=1` in what the receiver offers (RFC 7587, section 6.1), Chromium
 * decodes Opus to one channel.
 *
 * @param {string} sdp lines that end in CRLF, as `createOffer` gives them
 * @returns {string} the same with `stereo=1` in the parameters of every Opus payload type
 */
export function withStereoOpus(sdp) {
  const lines = sdp.split("\r\n");
  const types = lines.flatMap((line) => /^a=rtpmap:(\d+) opus\/48000/i.exec(line)?.[1] ?? []);
  const withParameters = new Set();
  const edited = lines.map((line) => {
    const parameters = /^a=fmtp:(\d+) (.*)$/.exec(line);
    const type = parameters?.[1] ?? "";
    if (!parameters || !types.includes(type)) return line;
    withParameters.add(type);
    return `a=fmtp:${type} ${withStereo(parameters[2] ?? "")}`;
  });
  return edited.flatMap((line) => {
    const type = /^a=rtpmap:(\d+) /.exec(line)?.[1];
    const isBare = type !== undefined && types.includes(type) && !withParameters.has(type);
    return isBare ? [line, `a=fmtp:${type} stereo=1`] : [line];
  }).join("\r\n");
}

/** @param {string} parameters "minptime=10;useinbandfec=1" */
function withStereo(parameters) {
  const others = parameters.split(";").map((parameter) => parameter.trim())
    .filter((parameter) => parameter !== "" && !parameter.startsWith("stereo="));
  return [...others, "stereo=1"].join(";");
}
