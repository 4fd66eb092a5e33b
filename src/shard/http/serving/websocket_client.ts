import { CloseCode, encodeFrame, Opcode } from "../../../http/websocket.ts";
import { WebSocketError, type WebSocketReader } from "../../../http/websocket_reader.ts";
import type { ConnectionWriter } from "../../net/connection_writer.ts";
import type { TimeShare } from "../../time_slice.ts";
import type { ClientInput } from "./client_input.ts";

/** What sending an answer may cost. */
const MAX_SEND_MS = 0.3;

/**
 * Reads what a WebSocket's client says, and answers its pings, until there is a reason to close;
 * returns the code to close with.
 *
 * @param frames of what the input gives
 * @throws {Deno.errors.UnexpectedEof} if the client is gone without a word
 */
export async function heedWebSocket(
  frames: WebSocketReader,
  input: ClientInput,
  writer: ConnectionWriter,
  share: TimeShare,
): Promise<number> {
  try {
    for (;;) {
      share.begin(performance.now());
      for (let event = frames.next(); event !== undefined; event = frames.next()) {
        if (event.kind === "close") return CloseCode.normal;
        // Not read further before it is sent: pings cannot pile up.
        if (event.kind === "ping") {
          await writer.write(encodeFrame(Opcode.pong, event.payload));
          await share.pause(MAX_SEND_MS);
        }
      }
      // Joined at once: a read that is going on may bring all that the client says meanwhile.
      const [isThere] = await Promise.all([input.read(), share.pause()]);
      if (!isThere) throw new Deno.errors.UnexpectedEof("no close frame");
    }
  } catch (error) {
    if (error instanceof WebSocketError) return error.closeCode;
    throw error;
  }
}
