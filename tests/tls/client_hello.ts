/** The ClientHello of Deno's own client, as it comes over TCP: one record. */
export async function recordClientHello(): Promise<Uint8Array<ArrayBuffer>> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connectTls({ hostname: "127.0.0.1", port: listener.addr.port });
  const handshaking = client.handshake().catch(() => {});
  using conn = await listener.accept();
  const buffer = new Uint8Array(4096);
  const length = await conn.read(buffer);
  client.close();
  await handshaking;
  return buffer.slice(0, length!);
}
