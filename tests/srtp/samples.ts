import { deriveSessionKeys, type SrtpMasterKey } from "../../src/srtp/key_derivation.ts";
import { fromHex } from "../../testing/mutation.ts";

/** The keys of RFC 3711 B.3. */
export const RFC_MASTER: SrtpMasterKey = {
  key: fromHex("E1F97A0D3E018BE0D64FA32C06DE4139"),
  salt: fromHex("0EC675AD498AFEEBB6960B3AABE6"),
};

export function randomBytes(length: number, random: () => number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => random() * 256);
}

export function randomMaster(random: () => number): SrtpMasterKey {
  return { key: randomBytes(16, random), salt: randomBytes(14, random) };
}

/** An RTP packet of `length` bytes, header included, with random contents. */
export function randomPacket(length: number, random: () => number): Uint8Array<ArrayBuffer> {
  const packet = randomBytes(length, random);
  packet[0] = 0x80;
  return packet;
}

/** Every key of a session, as digits. */
export function sessionKeyDigits(master: SrtpMasterKey, protocol: "srtp" | "srtcp") {
  const keys = deriveSessionKeys(master, protocol);
  return Object.values(keys).map((key: Uint8Array) => key.toHex().toUpperCase());
}
