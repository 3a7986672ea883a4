import type { Secret } from "../../secret.ts";

/**
 * The way in which this server authenticates. An expired token cannot be replaced. AppRole logs in
 * again.
 */
export type VaultLogin =
  | { readonly token: Secret<string> }
  | { readonly roleId: string; readonly secretId: Secret<string> };

export interface VaultOptions {
  /** Scheme, host and port, without a slash at the end. */
  readonly address: string;
  readonly login: VaultLogin;
  /** The path where the Transit engine is mounted. */
  readonly mount: string;
  readonly namespace: string | undefined;
  /** Path of the certificate authority's PEM file, in addition to the system's authorities. */
  readonly caFile: string | undefined;
  /** The time limit of each request, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}
