import { STATUS_CODE } from "@std/http/status";
import { jsonAnswer, problem } from "./routing/answers.ts";
import type { HttpContext } from "./routing/route_context.ts";
import type { Route } from "./routing/route_table.ts";

/**
 * Where a page finds WebTransport: the port of the shard that is asked, so that viewers are spread over
 * all; and the hashes of certificates to be taken there (serverCertificateHashes), if browsers would not
 * take them by themselves.
 */
export function webtransportRoute({ webtransport }: Pick<HttpContext, "webtransport">): Route {
  return {
    method: "GET",
    pattern: "/api/v1/webtransport",
    access: "anybody",
    handler() {
      if (webtransport === undefined) {
        return problem(STATUS_CODE.NotFound, "There is no WebTransport here");
      }
      const { port, certificateHash } = webtransport.facts;
      const certificateHashes = certificateHash === undefined ? [] : [certificateHash.toBase64()];
      return jsonAnswer({ code: 0, port, certificateHashes });
    },
  };
}
