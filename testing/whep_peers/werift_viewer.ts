/**
 * A WHEP viewer of werift's RTCPeerConnection: plays until it has seen enough, and prints what that
 * was as JSON. It decodes nothing.
 *
 *     deno run -A werift_viewer.ts --offer audio,video,data --until video=30 --timeout-s 15 URL
 *
 * Ends with 1 if that takes too long, or if the answer is not taken.
 */
import { RTCPeerConnection, useH264, useOPUS } from "werift";

const args = Deno.args;
const url = args.at(-1)!;
const option = (name: string) => args[args.indexOf(name) + 1]!;
const wanted = option("--until").split(",").map((pair) => pair.split("=") as [string, string]);

const seen: Record<string, { packets: number }> = {};
const report = { accepted: false, left: false, state: "new", seen };

async function play(peer: RTCPeerConnection): Promise<void> {
  const hasAll = Promise.withResolvers<void>();
  peer.onTrack.subscribe((track) => {
    const count = seen[track.kind] ??= { packets: 0 };
    track.onReceiveRtp.subscribe(() => {
      count.packets++;
      if (wanted.every(([kind, packets]) => (seen[kind]?.packets ?? 0) >= Number(packets))) {
        hasAll.resolve();
      }
    });
  });
  for (const kind of option("--offer").split(",")) {
    if (kind === "data") peer.createDataChannel("messages");
    else peer.addTransceiver(kind as "audio" | "video", { direction: "recvonly" });
  }
  await peer.setLocalDescription(await peer.createOffer());
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription!.sdp,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status}: ${answer}`);
  try {
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    report.accepted = true;
    await hasAll.promise;
  } finally {
    report.state = peer.connectionState;
    const resource = new URL(response.headers.get("location")!, url);
    report.left = (await fetch(resource, { method: "DELETE" })).ok;
  }
}

const peer = new RTCPeerConnection({
  codecs: { audio: [useOPUS()], video: [useH264()] },
});
const late = new Promise<never>((_, reject) => {
  const timeoutS = Number(option("--timeout-s"));
  setTimeout(() => reject(new Error(`not within ${timeoutS} s`)), timeoutS * 1000);
});
let failure: string | undefined;
try {
  await Promise.race([play(peer), late]);
} catch (error) {
  failure = `${error}`;
  report.state = peer.connectionState;
}
console.log(JSON.stringify({ ...report, failure }));
Deno.exit(failure === undefined ? 0 : 1);
