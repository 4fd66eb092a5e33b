/** Bodies of Enhanced RTMP, one or more of each form, that decoders accept. */

import { fromHex } from "../../testing/mutation.ts";

export const ENHANCED_VIDEO_SAMPLES: readonly Uint8Array[] = [
  fromHex("90 68766331 0101600000009000000000005df000fcfdf8f800000f00"),
  fromHex("91 68766331 000028 00000003 2601af"),
  fromHex("a3 68766331 00000003 0201d0"),
  fromHex("92 68766331"),
  fromHex("84 68766331 02 0009 636f6c6f72496e666f 03 0000 09"),
  fromHex("90 61763031 81000c00 0a0a00000004 3cff bc 01e0 40"),
  fromHex("95 61763031 8004 81000c00"),
  fromHex("91 61763031 1200 0a0a00000004 3cff"),
  fromHex("90 76703039 01000000 000a 82 02 02 02 0000"),
  fromHex("97 02 0f423f 01 76703039 8249834200"),
  fromHex(`a7 ff 00ff ${"ee".repeat(256)} f7 02 000005 01 76703038 3001`),
  fromHex("d1 00"),
  // Parameter sets in band, byte streams, a slice that is no first one, and no frame type.
  fromHex("91 68766331 000000 00000003 400101 00000003 420101 00000003 4401c0 00000003 2601af"),
  fromHex("91 68766331 000000 00000001 2601af 000001 26012f"),
  fromHex("81 61766331 000000 00000004 6764000a 00000002 68ee 00000002 6588"),
  fromHex("81 61766331 000000 00000002 6546"),
  fromHex("80 61766331 00000001 6764000a 000001 68ee"),
];

export const MULTITRACK_VIDEO_SAMPLES: readonly Uint8Array[] = [
  fromHex("96 01 76703039 01 824983"),
  fromHex("96 11 76703039 00 000003 824983 01 000002 8249"),
  fromHex("96 21 76703039 00 000003 824983 61763031 02 000004 12000a0a"),
  fromHex("97 02 000005 06 13 68766331 00 000002 0201 03 000000"),
];

export const ENHANCED_AUDIO_SAMPLES: readonly Uint8Array[] = [
  fromHex("90 664c6143 664c6143 80000022 1000 1000 000000 000000 0bb801f0 00000000"),
  fromHex("91 664c6143 fff8c91800"),
  fromHex("91 61632d33 0b77a1b21440"),
  fromHex("92 65632d33"),
  fromHex("90 6d703461 1190"),
  fromHex("91 2e6d7033 fffb9064"),
  fromHex("94 4f707573 01 06 0000003f"),
  fromHex("94 4f707573 02 03 0001fe"),
  fromHex("97 02 0f423f 01 4f707573 fcfffe"),
];

export const MULTITRACK_AUDIO_SAMPLES: readonly Uint8Array[] = [
  fromHex("95 01 4f707573 01 fcfffe"),
  fromHex("95 11 4f707573 00 000003 fcfffe 01 000003 fcfffd"),
  fromHex("95 21 4f707573 00 000003 fcfffe 6d703461 02 000002 2107"),
  fromHex("97 00 00 15 10 4f707573 05 000000"),
];
