import { createHash } from "node:crypto";
import { STATUS_CODE } from "@std/http/status";
import { namesEtag } from "../../http/entity_tag.ts";
import type { HttpRequest } from "../../http/request_reader.ts";
import type { ResponseHeaders, WholeResponse } from "../../http/response.ts";
import { answer } from "./routing/answers.ts";
import type { ConsoleAsset } from "./routing/console_asset.ts";

/** Below this, compressing saves no packet. */
const COMPRESS_FROM = 1024;

type Bytes = Uint8Array<ArrayBuffer>;

interface AssetFile {
  readonly contentType: string;
  readonly body: Bytes;
  /** RFC 9110 8.8.3, with its quotes. */
  readonly etag: string;
  /** Made when it is first asked for. */
  compressed: Promise<Bytes> | undefined;
}

/** The console's files, ready to be sent. */
export class AssetFiles {
  readonly #files: ReadonlyMap<string, AssetFile>;
  readonly #headers: ResponseHeaders;

  constructor(assets: readonly ConsoleAsset[], headers: ResponseHeaders) {
    this.#files = new Map(assets.map((asset) => [asset.path, fileOf(asset)]));
    this.#headers = headers;
  }

  /** The answer to a request for a file; `undefined` if there is none at `path`. */
  async answer(path: string, { headers }: HttpRequest): Promise<WholeResponse | undefined> {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    const common = {
      "content-type": file.contentType,
      ...this.#headers,
      "cache-control": "no-cache",
      vary: "accept-encoding",
      etag: file.etag,
    };
    if (namesEtag(headers.get("if-none-match") ?? "", file.etag)) {
      return answer(STATUS_CODE.NotModified, common);
    }
    if (file.body.length < COMPRESS_FROM || !acceptsGzip(headers.get("accept-encoding"))) {
      return answer(STATUS_CODE.OK, common, file.body);
    }
    file.compressed ??= compress(file.body);
    // RFC 9110 8.8.3.3: another encoding is another representation, equal in meaning only.
    const encoded = { ...common, "content-encoding": "gzip", etag: `W/${file.etag}` };
    return answer(STATUS_CODE.OK, encoded, await file.compressed);
  }
}

function fileOf({ contentType, body }: ConsoleAsset): AssetFile {
  return {
    contentType,
    body: new TextEncoder().encode(body),
    etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
    compressed: undefined,
  };
}

async function compress(bytes: Bytes): Promise<Bytes> {
  const compressed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}

/** RFC 9110 12.5.3; a quality counts only if it is 0. */
function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return (acceptEncoding ?? "").split(",").some((item) => {
    const [coding, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    return coding === "gzip" && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
