import type { BitReader } from "../../bytes/bit_reader.ts";

/**
 * Reads a program_config_element (ISO/IEC 14496-3 4.4.1.1) from where `bits` stands and returns
 * its number of channels. The bits must have begun with the AudioSpecificConfig, to whose first
 * bit its comment is aligned.
 *
 * @throws the error class of `bits` if it is cut short.
 */
export function readProgramChannels(bits: BitReader): number {
  bits.skip(10); // element_instance_tag, object_type, sampling_frequency_index
  const frontCount = bits.bits(4);
  const sideCount = bits.bits(4);
  const backCount = bits.bits(4);
  const lfeCount = bits.bits(2);
  const dataCount = bits.bits(3);
  const couplingCount = bits.bits(4);
  if (bits.bit() === 1) bits.skip(4); // mono_mixdown_element_number
  if (bits.bit() === 1) bits.skip(4); // stereo_mixdown_element_number
  if (bits.bit() === 1) bits.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = lfeCount;
  for (let element = 0; element < frontCount + sideCount + backCount; element++) {
    channels += bits.bit() === 1 ? 2 : 1; // a channel pair or a single channel
    bits.skip(4);
  }
  bits.skip(4 * (lfeCount + dataCount) + 5 * couplingCount);
  bits.skip(bits.remaining % 8);
  bits.skip(8 * bits.bits(8)); // comment
  return channels;
}
