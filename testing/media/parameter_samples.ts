/** Configuration records, parameter sets and headers of real encoders. */
import { fromHex } from "../mutation.ts";

/**
 * HEVCDecoderConfigurationRecords of ffmpeg: libx265 main 320x180, 4:2:2 of 12 bits, the begin of one
 * with an array of SEI as ffmpeg 7.1 sends it by RTMP, and one without arrays.
 */
export const HVCC = {
  main: fromHex(`0101600000009000000000003cf000fcfdf8f800000f03 a00001001840010c01ffff01600000030090
    000003000003003c9590 09a10001002b42010101600000030090000003000003003ca00a080c1f3e595912930bc05a
    020000030002000003003210 a2000100064401c073c189`),
  yuv422: fromHex(
    `0104080000009908000000005df000fcfefcfc00000f03 a00001001740010c01ffff04080000030099
    0800000300005dba0240 a10001002b420101040800000300990800000300005db006c201e1cd94a5ba4a4c2f016808
    000003000800000301e040 a2000100064401c073c189`,
  ),
  withSei: fromHex(
    `0101600000009000000000001ef000fcfdf8f800000f04 200001001840010c01ffff016000000300
    90000003000003001e959409 210001002a42010101600000030090000003000003001ea0122051c449965654a4c2f0
    168080000003008000000c84 22000100064401c073c089 27000100074e0105ffff1d2c`,
  ),
  withoutArrays: fromHex("0102200000 00b00000000000 99 f000fcfdfafa00000f00"),
} as const;

/** Sequence parameter sets of `ffmpeg -f lavfi -i testsrc2=size=SIZE:rate=RATE -c:v libx265`. */
export const H265_SPS = {
  /** 320x180, 25 fps, -bf 2 */
  main: fromHex(
    "42010101600000030090000003000003003ca00a080c1f3e595912930bc05a020000030002000003003210",
  ),
  /** 322x182, 30000/1001 fps, -bf 0 */
  odd: fromHex(
    "42010101600000030090000003000003003ca00a880c1c44d96e92930bc05a02000007d20000ea6010",
  ),
  /** 130x74, 50 fps, yuv420p10le, colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc */
  main10: fromHex(
    "42010102200000030090000003000003003ca0122051c448d96e92930bc05a848804820000030002000003006410",
  ),
  /** 100x74, 25 fps, yuv444p */
  yuv444: fromHex(
    "4201010408000003009e0800000300001e90071028e367cb7494985e02d0100000030010000003019080",
  ),
  /** 854x480, 60 fps, yuv422p12le */
  yuv422: fromHex(
    "420101040800000300990800000300005db006c201e1cd94a5ba4a4c2f016808000003000800000301e040",
  ),
  /** 128x96, 25 fps, gray */
  gray: fromHex("4201010408000003009fc800000300001ec040818596e92930bc05b02000000300200000030321"),
  /** 720x576, 25 fps, setsar=16/11, interlace=tff:hrd=1:scaling-list=default:temporal-layers=1 */
  interlaced: fromHex(
    `42010201600000030040000003000003005a0000a005a200905965652b2c9276bc11a1a0000003
    0020000003032c1392cbc001e848003d0970007a12000f4244`,
  ),
} as const;

/** Picture parameter sets of the same. */
export const H265_PPS_SAMPLES: readonly Uint8Array[] = [
  fromHex("4401c073c189"),
  fromHex("4401c07318301890"),
  fromHex("4401c172b46240"),
];

/** AV1CodecConfigurationRecords of ffmpeg: libaom, SVT-AV1, libaom of 10 bits, and monochrome. */
export const AV1C = {
  libaom: fromHex("81000c00 0a0b000000043cfeccdaf90040"),
  svt: fromHex("81000c00 0a0b000000043d06d4fbf90040"),
  tenBits: fromHex("81004c00 0a0d00000003b40c936be542440241"),
  gray: fromHex("81001c00 0a0a000000032dffcdaf92a0"),
} as const;

/** Payloads of sequence headers of `ffmpeg -f lavfi -i testsrc2=size=SIZE -c:v libaom-av1`. */
export const AV1_SEQUENCE_HEADERS = {
  /** 320x180, -usage realtime */
  realtime: fromHex("000000043cfeccdaf90040"),
  /** 130x74, yuv420p10le, BT.2020 and PQ */
  tenBits: fromHex("00000003b40c936be542440241"),
  /** 100x74, yuv444p */
  yuv444: fromHex("20000003363926d7c810"),
  /** 160x90, yuv422p12le */
  yuv422: fromHex("40000003b4fd936be58880"),
  /** 96x64, gray */
  gray: fromHex("000000032dffcdaf92a0"),
  /** 160x90, -still-picture 1 */
  still: fromHex("181da7ecb401"),
  /** 256x144, librav1e */
  rav1e: fromHex("000000f9dffe3c42151020202140"),
} as const;

/** VPCodecConfigurationRecords: of ffmpeg's MP4, and of ffmpeg 7.1 by RTMP, which knows no level. */
export const VPCC = {
  main: fromHex("01000000 000b820202020000"),
  withoutLevel: fromHex("01000000 0000820202020000"),
  yuv444: fromHex("01000000 010a860202020000"),
  tenBits: fromHex("01000000 020aa20202020000"),
  bare: fromHex("000b820202020000"),
} as const;

/** The begins of key frames of `ffmpeg -f lavfi -i testsrc2=size=SIZE -c:v libvpx-vp9`. */
export const VP9_KEY_FRAMES = {
  /** 96x64, -error-resilient 1 */
  resilient: fromHex("834983420005f003f128e0907065c000"),
  /** 100x74, yuv444p */
  yuv444: fromHex("a24983420000c60092c8c70483832e00"),
  /** 130x74, yuv420p10le */
  tenBits: fromHex("92498342000408024b191c120e0cb800"),
  /** 96x64, yuv422p12le */
  yuv422: fromHex("b124c1a142002f801fb071c120e0cb80"),
} as const;

/** The begins of files of `ffmpeg -c:a flac`, of 44.1 kHz mono and of 96 kHz in six channels. */
export const FLAC_SAMPLES: readonly Uint8Array[] = [
  fromHex(`664c6143 00000022 120012000004b20004b20ac440f00000113a970a8602eaca9fdde598307ea787674b`),
  fromHex(`664c6143 00000022 2000200000025000025017700b70000007807bcd4ba6f5f85ee4cc5ffe13a7f1ddac`),
];

/** The begins of frames of `ffmpeg -c:a ac3` and `eac3`: RATE, channels, kbit/s. */
export const AC3_SAMPLES = {
  /** 48 kHz, 2, 192 */
  stereo: fromHex("0b77fe95144043e1"),
  /** 32 kHz, 1, 64 */
  mono: fromHex("0b77999b88402f84"),
  /** 44.1 kHz, 6, 384 */
  surround: fromHex("0b7742235c40ebf8"),
  /** E-AC-3, 48 kHz, 2, 96 */
  enhancedStereo: fromHex("0b7700bf3487c000"),
  /** E-AC-3, 44.1 kHz, 6, 192 */
  enhancedSurround: fromHex("0b7701a07f87c000"),
} as const;
