/**
 * What a DTLS handshake costs, the client's half included, which is about as large as ours:
 * `deno bench -A bench/dtls_bench.ts`.
 */
import { createDtlsCertificate } from "../src/webrtc/dtls/certificate.ts";
import { connectPair } from "../testing/webrtc/dtls_peer.ts";

const certificate = await createDtlsCertificate();

Deno.bench("DTLS handshake, both ends", async () => {
  const pair = connectPair({ certificate });
  await pair.keys;
  pair.close();
});
