/** What a running OBS is told by its plugin obs-websocket, version 5. */

/** Operation codes of its protocol. */
const OP = { hello: 0, identify: 1, identified: 2, request: 6, response: 7 } as const;

interface Message {
  readonly op: number;
  readonly d: {
    readonly requestStatus?: { readonly result: boolean; readonly comment?: string };
  };
}

/** Settings of the plugin: it listens on a port, for anybody. */
export function controlSettings(port: number): string {
  return JSON.stringify({
    server_enabled: true,
    server_port: port,
    auth_required: false,
    alerts_enabled: false,
    first_load: false,
  });
}

/** Makes one request; throws if OBS does not do it. */
export async function askObs(port: number, requestType: "StopStream"): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, "obswebsocket.json");
  const send = (op: number, d: Record<string, unknown>) => socket.send(JSON.stringify({ op, d }));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.onerror = () => reject(new Error(`OBS cannot be told ${requestType}`));
      socket.onmessage = ({ data }) => {
        const { op, d } = JSON.parse(data) as Message;
        if (op === OP.hello) send(OP.identify, { rpcVersion: 1 });
        if (op === OP.identified) send(OP.request, { requestType, requestId: "1" });
        if (op !== OP.response) return;
        if (d.requestStatus?.result) resolve();
        else reject(new Error(`OBS cannot ${requestType}: ${JSON.stringify(d)}`));
      };
    });
  } finally {
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  }
}
