import type { Uuid } from "../../../crypto/wire/uuid.ts";

/** What a device needs to live, again and again. */
export interface DeviceAssignment {
  readonly name: string;
  readonly folder: string;
  /** The store's key, in base64. */
  readonly key: string;
  readonly address: string;
  readonly account: Account;
  /** The file it writes down in what it sent and was shown. */
  readonly journal: string;
}

export type Account =
  | { readonly kind: "agent"; readonly username: string; readonly password: string }
  | {
      readonly kind: "customer";
      readonly subject: string;
      /** The users this customer begins a conversation with. */
      readonly agents: readonly Uuid[];
    };

/** What a worker process is given to do, as a file. */
export interface WorkerAssignment {
  readonly url: string;
  readonly tenant: string;
  /** The server's SEALDESK_HOME, where the key is that vouches for customers. */
  readonly serverHome: string;
  /** Milliseconds between two messages of a device, on average. */
  readonly pauseMs: number;
  readonly seed: number;
  readonly devices: readonly DeviceAssignment[];
}
