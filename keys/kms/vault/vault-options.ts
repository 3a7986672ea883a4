import type { Secret } from "../../secret.ts";

/** How this server shows who it is. A token cannot be replaced when it ends; AppRole logs in anew. */
export type VaultLogin =
  | { readonly token: Secret<string> }
  | { readonly roleId: string; readonly secretId: Secret<string> };

export interface VaultOptions {
  /** Scheme, host and port; no slash at its end. */
  readonly address: string;
  readonly login: VaultLogin;
  /** Where the Transit engine is mounted. */
  readonly mount: string;
  readonly namespace: string | undefined;
  /** Path of the certificate authority's PEM file, beside those of the system. */
  readonly caFile: string | undefined;
  /** For each request, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}
