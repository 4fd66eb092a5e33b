import { assertEquals, assertStrictEquals } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { amfObject } from "../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../testing/amf/ecma_array.ts";
import { metadataWithout } from "../../src/egress/rtmp_metadata.ts";
import { RtmpForm } from "../../src/egress/rtmp_form.ts";
import { TAG_SCRIPT } from "../../src/flv/tag.ts";
import { Feed } from "../../src/stream/feed.ts";
import { Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { keyFrame, openLog } from "../stream/log_samples.ts";
import { PlayedMessages } from "./rtmp_messages.ts";

const GENERAL = { duration: 0, encoder: "Lavf" };
const VIDEO = { width: 640, height: 360, videodatarate: 900, framerate: 30, videocodecid: 7 };
const AUDIO = { audiodatarate: 125, audiosamplerate: 44100, stereo: false, audiocodecid: 10 };

Deno.test("metadata for one track names nothing of the other", () => {
  for (const make of [amfEcmaArray, amfObject]) {
    const body = encodeAmf0("onMetaData", make({ ...GENERAL, ...VIDEO, ...AUDIO }));
    const [name, silent] = decodeAmf0(metadataWithout("audio", body));
    assertEquals([name, silent], ["onMetaData", make({ ...GENERAL, ...VIDEO })]);
    const [, blind] = decodeAmf0(metadataWithout("video", body));
    assertEquals(blind, make({ ...GENERAL, ...AUDIO }));
  }
});

Deno.test("metadata that is no AMF0 comes back as it is, and records stay where references count", () => {
  const garbage = Uint8Array.of(1);
  assertStrictEquals(metadataWithout("audio", garbage), garbage);
  const body = encodeAmf0("onMetaData", amfEcmaArray({ audioTracks: amfObject({ one: 1 }) }));
  assertEquals(metadataWithout("audio", body), body);
});

Deno.test("RtmpForm: players of one track are told of that one, others what the publisher said", () => {
  const { shared, writer } = openLog({ tracks: Track.audio | Track.video });
  const body = encodeAmf0("onMetaData", amfEcmaArray({ ...VIDEO, ...AUDIO }));
  writer.writeSlot(Slot.metadata, body);
  writer.append(keyFrame(0));
  const told = [
    { selection: { audio: true, video: true }, metadata: { ...VIDEO, ...AUDIO } },
    { selection: { audio: false, video: true }, metadata: VIDEO },
    { selection: { audio: true, video: false }, metadata: AUDIO },
  ];
  for (const { selection, metadata } of told) {
    const feed = new Feed(new LogReader(shared), selection, new RtmpForm(1));
    feed.update();
    const [first] = new PlayedMessages().read(feed.preamble()!);
    const expected = encodeAmf0("onMetaData", amfEcmaArray(metadata));
    assertEquals(first, { type: TAG_SCRIPT, timestampMs: 0, body: expected });
  }
});
