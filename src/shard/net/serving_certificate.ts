import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsSettings } from "../shard_settings.ts";

/** The certificate that new TLS connections are shown; those that there are keep theirs. */
export class ServingCertificate {
  #context: SecureContext;

  constructor(pair: Pick<TlsSettings, "certificate" | "key">) {
    this.#context = contextOf(pair);
  }

  get context(): SecureContext {
    return this.#context;
  }

  renew(pair: Pick<TlsSettings, "certificate" | "key">): void {
    this.#context = contextOf(pair);
  }
}

function contextOf({ certificate, key }: Pick<TlsSettings, "certificate" | "key">): SecureContext {
  return createSecureContext({ cert: certificate, key });
}
