import { codecWords } from "../codec/codec_words.ts";
import type { PublicationDescription } from "../stream/publication.ts";

/** Codecs that FLV has no code of its own for, so that they come in Enhanced RTMP's form. */
const NEWER_SOUND = /^(opus|flac|ac-3|ec-3)$/;
const NEWER_PICTURES = /^(hvc1|hev1|h265|av01|av1|vp09|vp9|vp08|vp8)\b/;

/** What viewers by some ways miss of a stream, as sentences. */
export function viewerNotes(
  publication: Pick<PublicationDescription, "video" | "audio"> | undefined,
): string[] {
  const notes = [pictureNote(publication?.video?.codec), soundNote(publication?.audio?.codec)];
  return notes.filter((note) => note !== undefined);
}

/** What players miss that know only FLV's own sound; `undefined` if nothing. */
export function soundNote(codec = ""): string | undefined {
  if (!NEWER_SOUND.test(codec)) return undefined;
  return `Its sound is ${
    codecWords(codec).codec
  }: players over HTTP-FLV and RTMP that know only AAC ` +
    "show the pictures without sound.";
}

function pictureNote(codec = ""): string | undefined {
  if (!NEWER_PICTURES.test(codec)) return undefined;
  return `Its pictures are ${
    codecWords(codec).codec
  }: of players over HTTP-FLV and RTMP, those that ` +
    "know Enhanced RTMP show them.";
}
