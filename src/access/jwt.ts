import { createPublicKey } from "node:crypto";
import {
  type CryptoKey,
  decodeProtectedHeader,
  errors,
  importSPKI,
  type JWSHeaderParameters,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import type { AccessDecision, AccessRequest } from "./access.ts";
import { AccessError } from "./access_error.ts";
import type { RemoteKeys } from "./remote_keys.ts";
import { VerifiedTokens } from "./verified_tokens.ts";
import { type AccessSource, refuse } from "./source.ts";
import { RevokedTokens } from "./revoked_tokens.ts";
import { claimedLimits, claimedNames, type Claims, claimsAllow } from "./token_claims.ts";

/** How tokens are taken, as the configuration has it. */
export interface JwtSettings {
  /** For HS256. */
  readonly secret?: string | undefined;
  /** PEM, for RS256, ES256 or EdDSA, as each key is. */
  readonly publicKeys: readonly string[];
  /** Of a set of keys for RS256, ES256 and EdDSA, instead of `publicKeys`. */
  readonly jwksUrl?: string | undefined;
  /** What `iss` and `aud` must be, if anything. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** The name of the claim in mediamtx's shape. */
  readonly permissionsClaim: string;
  /** Whether a session ends when its token does, and not only none can begin. */
  readonly endAtExpiry: boolean;
  /** By how much the signer's clock may be wrong. */
  readonly clockSkewMs: number;
}

/** Three parts between dots, the first a JSON object's: no other kind of token is so. */
const JWT = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** What public keys sign; a secret signs with HS256, and nothing else does. */
const PUBLIC_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
type PublicAlgorithm = (typeof PUBLIC_ALGORITHMS)[number];

/** How PEM of a public key of any kind begins (RFC 7468 13): others are of one kind, or no key. */
const PEM_LABEL = "-----BEGIN PUBLIC KEY-----";

const ALGORITHM_OF_KEY: Readonly<Record<string, PublicAlgorithm>> = {
  "rsa": "RS256",
  "ec": "ES256",
  "ed25519": "EdDSA",
};

/**
 * The algorithm of a public key.
 *
 * @throws {AccessError} if it is no PEM of a public key with nothing before it, or of another kind
 */
export function algorithmOfKey(pem: string): PublicAlgorithm {
  let type: string | undefined;
  try {
    // Certificates and keys of PKCS #1 would be read here, and not where signatures are checked.
    if (!pem.startsWith(PEM_LABEL)) throw new AccessError("other text");
    const key = createPublicKey(pem);
    const curve = key.asymmetricKeyDetails?.namedCurve;
    type = curve === undefined || curve === "prime256v1" || curve === "p256"
      ? key.asymmetricKeyType
      : curve;
  } catch {
    throw new AccessError(`expected PEM text that begins with ${PEM_LABEL}`);
  }
  const algorithm = ALGORITHM_OF_KEY[`${type}`];
  if (algorithm !== undefined) return algorithm;
  throw new AccessError(`expected a key of RSA, P-256 or Ed25519, got one of ${type}`);
}

interface PublicKey {
  readonly algorithm: PublicAlgorithm;
  readonly key: Promise<CryptoKey>;
}

/** Lets in who has a JSON Web Token (RFC 7519) that a known key signed. */
export class Jwt implements AccessSource {
  readonly #settings: JwtSettings;
  readonly #nowMs: () => number;
  readonly #revoked: RevokedTokens;
  readonly #secret: Uint8Array | undefined;
  readonly #publicKeys: readonly PublicKey[];
  readonly #remote: RemoteKeys | undefined;
  readonly #verified: VerifiedTokens;

  /**
   * @param remote the keys of `jwksUrl`
   * @param revoked what is not taken any more
   */
  constructor(
    settings: JwtSettings,
    nowMs: () => number,
    remote?: RemoteKeys,
    revoked = new RevokedTokens([]),
  ) {
    this.#settings = settings;
    this.#revoked = revoked;
    this.#nowMs = nowMs;
    const { secret, publicKeys } = settings;
    this.#secret = secret === undefined ? undefined : new TextEncoder().encode(secret);
    this.#publicKeys = publicKeys.map((pem) => {
      const algorithm = algorithmOfKey(pem);
      return { algorithm, key: importSPKI(pem, algorithm) };
    });
    this.#remote = remote;
    this.#verified = new VerifiedTokens((token) => this.#verifyNew(token), nowMs);
  }

  asksElsewhere({ credentials: { token } }: AccessRequest): boolean {
    return token !== undefined && JWT.test(token);
  }

  decide(request: AccessRequest): Promise<AccessDecision> | undefined {
    const { token } = request.credentials;
    return token !== undefined && JWT.test(token) ? this.#judge(token, request) : undefined;
  }

  async #judge(token: string, request: AccessRequest): Promise<AccessDecision> {
    try {
      return this.#decide(await this.#verified.claimsOf(token), request);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return refuse("forbidden", "expired token", "token");
      if (error instanceof AccessError) return refuse("unavailable", "token keys", "token");
      if (error instanceof errors.JWKSNoMatchingKey) {
        return refuse("forbidden", "unknown token key", "token");
      }
      // What is no token at all is a TypeError of the parser.
      if (error instanceof errors.JOSEError || error instanceof TypeError) {
        return refuse("forbidden", "wrong token", "token");
      }
      throw error;
    }
  }

  async #verifyNew(token: string): Promise<Claims> {
    const header = decodeProtectedHeader(token);
    return await this.#verify(token, header.alg, await this.#keysFor(header));
  }

  /** The keys that a token with this header may be signed by: its algorithm is not its own choice. */
  async #keysFor(header: JWSHeaderParameters): Promise<(CryptoKey | Uint8Array)[]> {
    if (header.alg === "HS256") return this.#secret === undefined ? [] : [this.#secret];
    const algorithm = PUBLIC_ALGORITHMS.find((known) => known === header.alg);
    if (algorithm === undefined) return [];
    if (this.#remote !== undefined) {
      const key = await this.#remote.keyFor(header);
      if (key === undefined) throw new errors.JWKSNoMatchingKey();
      return [key];
    }
    const fitting = this.#publicKeys.filter((known) => known.algorithm === algorithm);
    return await Promise.all(fitting.map(({ key }) => key));
  }

  async #verify(
    token: string,
    algorithm: string | undefined,
    keys: readonly (CryptoKey | Uint8Array)[],
  ): Promise<Claims> {
    const { issuer, audience, clockSkewMs } = this.#settings;
    const options: JWTVerifyOptions = {
      algorithms: algorithm === undefined ? [] : [algorithm],
      requiredClaims: ["exp"],
      clockTolerance: clockSkewMs / 1000,
      currentDate: new Date(this.#nowMs()),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
    let problem: unknown = new errors.JWSSignatureVerificationFailed();
    for (const key of keys) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        problem = error;
        // Only a signature may be another key's.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw problem;
  }

  #decide(claims: Claims, request: AccessRequest): AccessDecision {
    const { permissionsClaim, endAtExpiry, clockSkewMs } = this.#settings;
    const { subject, user } = claimedNames(claims);
    const decidedBy = subject ?? "token";
    if (!claimsAllow(claims, request, permissionsClaim)) {
      return refuse("forbidden", "token is for something else", decidedBy);
    }
    if (this.#revoked.has(claims, clockSkewMs)) return refuse("forbidden", "revoked", decidedBy);
    const expiresAtMs = Number(claims["exp"]) * 1000 + clockSkewMs;
    if (expiresAtMs <= this.#nowMs()) return refuse("forbidden", "expired token", decidedBy);
    // A view may be let go on; the right to see and change all is not kept beyond its time.
    const isEnding = endAtExpiry || request.action === "api";
    try {
      return {
        kind: "allow",
        decidedBy,
        ...(subject === undefined ? {} : { subject }),
        ...(user === undefined || user === subject ? {} : { user }),
        ...(isEnding ? { expiresAtMs } : {}),
        ...claimedLimits(claims),
      };
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      return refuse("forbidden", "wrong limits in token", decidedBy);
    }
  }
}
