/** Starts a server on this machine; what it still answers when it ends is cut off. */
export function startHttpServer(
  answer: (request: Request) => Response | Promise<Response>,
  port = 0,
) {
  const abort = new AbortController();
  const options = { hostname: "127.0.0.1", port, signal: abort.signal, onListen() {} };
  const server = Deno.serve(options, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.finished;
    },
  };
}
