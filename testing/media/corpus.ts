import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { encodeAmf3 } from "../amf/amf3.ts";
import { amfObject } from "../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../amf/ecma_array.ts";
import { fromHex } from "../mutation.ts";

/**
 * Valid inputs of every decoder: the seeds of mutation, in unit tests and in `fuzz.ts`.
 */

/** Bodies that hold every AMF0 type. */
export const AMF0_SAMPLES: readonly Uint8Array[] = [
  encodeAmf0(
    "connect",
    1,
    amfObject({ app: "live", tcUrl: "rtmp://localhost/live", fpad: false, audioCodecs: 3575 }),
  ),
  encodeAmf0("@setDataFrame", "onMetaData", amfEcmaArray({ width: 1280, stereo: true, e: "é" })),
  encodeAmf0("publish", 5, null, "stream?token=secret", "live"),
  Uint8Array.of(
    ...encodeAmf0(
      { kind: "strict-array", items: [1, "two", amfObject({ three: null }), undefined] },
      { kind: "date", unixMs: 1_600_000_000_000, timezoneMinutes: -120 },
      { kind: "typed-object", className: "Point", properties: new Map([["x", 1]]) },
      { kind: "reference", index: 2 },
      { kind: "xml", text: "<a/>" },
      { kind: "unsupported" },
    ),
    ...fromHex("0c 00000004 6c6f6e67"),
  ),
];

/** Bodies that hold every AMF3 type, references to each, and records that hold themselves. */
export const AMF3_SAMPLES: readonly Uint8Array[] = [
  encodeAmf3("connect", 1, -2, 1.5, null, undefined, true, amfObject({ app: "live", tls: false })),
  // One record in an array, an ECMA array, both forms in one, and two references.
  fromHex("09 05 01 0a 0b 01 0361 0401 01 0a 02  09 01 0362 0a 02 01  09 03 00 06 02 01 0a 02"),
  // Objects of a class with sealed and dynamic properties, by reference from the second on.
  fromHex("0a 2b 0b506f696e74 0378 0379 0401 0402 037a 0403 01  0a 01 05 3ff8000000000000 01 01"),
  // Dates, XML, byte arrays, and a reference to each.
  fromHex(
    "08 01 42774876e8000000 07 09 3c612f3e 0b 09 3c622f3e 0c 07 00ff80 08 00 07 02 0b 04 0c 06",
  ),
  // Vectors of all kinds, and a reference to each.
  fromHex(`0d 05 00 00000001 ffffffff 0e 03 01 ffffffff 0f 03 00 3ff8000000000000
    10 05 01 032a 0401 0601 0d 00 0e 02 0f 04 10 06`),
  fromHex("11 05 01 06 0361 0a 0b 01 01 0a 02 02 11 00"),
  // Collections, of the same class and of others.
  fromHex(`0a 07 43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e 09 03 01 0401
    0a 01 09 02
    0a 07 3b 666c65782e6d6573736167696e672e696f2e4f626a65637450726f7879 0a 0b 01 0361 03 01`),
  // Arrays that hold the one before twice, and arrays within arrays: not far from the limits.
  fromHex("09 01 01" + [0, 1, 2, 3, 4, 5, 6, 7, 8].map(doubledAgain).join("")),
  fromHex("09 03 01".repeat(29) + "01"),
  // An object that holds itself, and an array in an object that holds both.
  fromHex("0a 0b 01 0361 0a 00 01  0a 01 00 09 05 01 09 04 0a 02 01"),
];

/** An AMF3 array that holds the record at `index` twice. */
function doubledAgain(index: number): string {
  const reference = `09 ${(index << 1).toString(16).padStart(2, "0")}`;
  return `09 05 01 ${reference} ${reference}`;
}

/** AMF0 bodies that switch to AMF3 for some of their values. */
export const AMF0_WITH_AMF3_SAMPLES: readonly Uint8Array[] = [
  fromHex("02 0001 61 00 3ff0000000000000 11 0a 0b 01 0361 0401 01 05 11 0a 01 01 11 0a 00"),
  fromHex("03 0001 61 11 09 03 01 06 03 62 0001 62 11 0c 05 0102 000009 11 06 00 07 0000"),
];

/** AVCDecoderConfigurationRecords. The second is ffmpeg's, main profile, as in `FLV_FILE`. */
export const AVCC_SAMPLES: readonly Uint8Array[] = [
  fromHex("01640028ffe10006676400 28acd9 010004 68ef8fcb fdf8f800"),
  fromHex("014d400affe10015674d400af6f6022000000300200000030281e244a701000468ce0fc8"),
];

/**
 * Sequence parameter sets of libx264, made by
 * `ffmpeg -f lavfi -i testsrc2=size=SIZE:rate=RATE -c:v libx264 -profile:v PROFILE … out.h264`.
 */
export const SPS = {
  /** baseline 640x360, 30 fps */
  baseline: fromHex("6742c01ed900a02ff970110000030001000003003c0f162e48"),
  /** main 1366x768, 25 fps, -bf 0 */
  main: fromHex("674d4020da01581879bc0440000003004000000c83c60ca8"),
  /** high 1920x1080, 30000/1001 fps, -bf 2 */
  high: fromHex("67640028acd940780227e5c04400000fa40003a9803c60c658"),
  /** high 1920x1080, 25 fps, -flags +ilme+ildct -x264-params tff=1 */
  interlaced: fromHex("67640028acd94078044fde0220000003002000000643e2c5b2c0"),
  /** high444 322x182, 24 fps, -pix_fmt yuv444p */
  yuv444: fromHex("67f4000d919b282a33c7c5e022000003000200000300601e28532c"),
  /** high422 854x480, 50 fps, -pix_fmt yuv422p10le */
  yuv422: fromHex("677a001fb6cd940d83de6f0110000003001000000640f1831960"),
  /** main 720x576, 25 fps, -vf setsar=16/11 -x264-params nal-hrd=vbr:vbv-maxrate=2000:… */
  hrd: fromHex(
    "674d401eeca05a093608d414141500000300010000030032626000f424001e84a4c30078b16cb0",
  ),
} as const;

/** Picture parameter sets of libx264: main without and high with weights and three references. */
export const PPS_SAMPLES: readonly Uint8Array[] = [fromHex("68ce0fc8"), fromHex("68ebe3cb22c0")];

/**
 * SPS, PPS and the begins of slices of libx264, `-bf 3 -x264-params b-pyramid=normal:ref=3`, each
 * behind a length of four bytes: lists are modified, references marked, P pictures weighted.
 */
export const SLICES_IN_BAND: Uint8Array = fromHex(`
  0000001a 6764000dacd941419f9f0110000003001000000303c0f1429960
  00000006 68ebe3cb22c0
  00000014 658884017fd4576d6278ad3e89b4b52aded77c64
  00000014 419a246c57b3b37bfaf3b469f3300b17c76d7d06
  00000014 419e427884bffc7f022fafb920fa323c1ee56dcd
  00000014 019e617442dff021d128e6ae0b06b716e0b39c69
  00000014 019e636a42dff872bb6bfb1bf94781a188678d7b
  00000014 419a6849a84168994c0affe9f1b326ff56fdeed1
  00000014 419e8645112c29ffb48cc1f452597ff8dca2b0de
  00000014 019ea57442dfbc8636c859c98e72dfecf9bffacf
  00000014 019ea76a42dfb46c5968d8beace5f6bf89f41e3f
  00000014 419aac49a8416c994c0aff2cea0a656257cf91e6
`);

/** Access units with lengths of four bytes: I, P and B pictures of two slices, and one by SEI. */
export const ACCESS_UNIT_SAMPLES: readonly Uint8Array[] = [
  fromHex("00000002 0910 00000008 65888400ff94d94a 00000006 6512221003ff"),
  fromHex("00000002 0930 00000007 419a2318bf031a 00000008 4112688c62ff15d0"),
  fromHex("00000002 0950 00000007 419e41424f6a41 00000008 41127905093f9d81"),
  fromHex("00000003 060500 0000000c 65028888 43a118a0 00218f1c"),
];

/**
 * AudioSpecificConfigs: ffmpeg's, an explicit sample rate, SBR and PS by hierarchy and backward
 * compatible, and a program config element.
 */
export const ASC_SAMPLES: readonly Uint8Array[] = [
  fromHex("121056e500"),
  fromHex("1780560c10"),
  fromHex("2b920800"),
  fromHex("eb8a0800"),
  fromHex("139056e5a0"),
  fromHex("138856e5a54880"),
  fromHex("118004c8052308402320000002abcd"),
];

/** Headers of MPEG audio frames. */
export const MPEG_AUDIO_SAMPLES: readonly Uint8Array[] = [
  fromHex("fffb9064"),
  fromHex("fff380c4"),
  fromHex("fffda4c4"),
];

export const VIDEO_BODY_SAMPLES: readonly Uint8Array[] = [
  fromHex("1700000000014d400affe10015674d400af6f6022000000300200000030281e244a701000468ce0fc8"),
  fromHex("17010000640000000a65888403a2628000902e"),
  fromHex("2701ffff9c00000006419a2803a940"),
  fromHex("1702000000"),
  fromHex("12000084002018111e725de0600700301801500e"),
  fromHex("9068766331"),
];

export const AUDIO_BODY_SAMPLES: readonly Uint8Array[] = [
  fromHex("af00121056e500"),
  fromHex("af0101182007"),
  fromHex("2afff380c4001978"),
  fromHex("72d5e0919e"),
  fromHex("3f00000000b500b5"),
  fromHex("904f707573 4f70757348656164 01 02 0000 80bb0000 0000 00"),
  fromHex("914f707573 fcfffe"),
];

/** Identification headers of Opus. */
export const OPUS_HEAD_SAMPLES: readonly Uint8Array[] = [
  fromHex("4f70757348656164 01 02 3801 80bb0000 0000 00"),
  fromHex("4f70757348656164 01 01 0000 44ac0000 0000 00 ff"),
];

/**
 * A whole FLV file: H.264 (I, P and B) and AAC, with metadata and an end of sequence.
 *
 * `ffmpeg -f lavfi -i color=black:size=16x16:rate=10:duration=0.3 -f lavfi
 * -i anullsrc=r=44100:cl=mono -t 0.3 -c:v libx264 -bf 1 -preset ultrafast -x264-params sei=0
 * -bsf:v filter_units=remove_types=6 -c:a aac -b:a 16k small.flv`
 */
export const FLV_FILE: Uint8Array = fromHex(`
  464c5601050000000900000000120001250000000000000002000a6f6e4d65746144617461080000000d000864757261
  74696f6e003fd999999999999a000577696474680040300000000000000006686569676874004030000000000000000d
  766964656f646174617261746500000000000000000000096672616d6572617465004024000000000000000c76696465
  6f636f646563696400401c000000000000000d617564696f646174617261746500402f400000000000000f617564696f
  73616d706c65726174650040e5888000000000000f617564696f73616d706c6573697a65004030000000000000000673
  746572656f0100000c617564696f636f64656369640040240000000000000007656e636f64657202000d4c6176663539
  2e32372e313030000866696c6573697a65004089c0000000000000000900000130090000290000000000000017000000
  00014d400affe10015674d400af6f6022000000300200000030281e244a701000468ce0fc80000003408000007000000
  00000000af00120856e50000000012090000130000000000000017010000640000000a65888403a2628000902e000000
  1e0800001700004d00000000af01de02004c61766335392e33372e313030000230400e000000220900000f0000640000
  000027010000c800000006419a2803a9400000001a0800000600006400000000af010118200700000011080000060000
  7b00000000af0101182007000000110800000600009200000000af010118200700000011080000060000aa00000000af
  010118200700000011080000060000c100000000af0101182007000000110900000f0000c80000000027010000000000
  0006019e450174a00000001a080000060000d800000000af010118200700000011080000060000ef00000000af010118
  2007000000110800000600010700000000af0101182007000000110800000600011e00000000af010118200700000011
  0800000600013500000000af0101182007000000110800000600014c00000000af010118200700000011080000060001
  6300000000af0101182007000000110800000600017b00000000af010118200700000011090000050000c80000000017
  0200000000000010
`);
