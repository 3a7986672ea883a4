import type { UserId } from "../../../crypto/wire/ids.ts";

/** The settings that a device needs for each of its lives. */
export interface DeviceAssignment {
  readonly name: string;
  readonly folder: string;
  /** The store's key in base64. */
  readonly key: string;
  readonly address: string;
  readonly account: Account;
  /** The file in which it records the messages that it sent and was shown. */
  readonly journal: string;
}

export type Account =
  | { readonly kind: "agent"; readonly username: string; readonly password: string }
  | {
      readonly kind: "customer";
      readonly subject: string;
      /** The users with whom this customer begins a conversation. */
      readonly agents: readonly UserId[];
    };

/** The instructions for a worker process, as a file. */
export interface WorkerAssignment {
  readonly url: string;
  readonly tenant: string;
  /** The server's SEALDESK_HOME with the key that signs customer tokens. */
  readonly serverHome: string;
  /** The average number of milliseconds between two messages of a device. */
  readonly pauseMs: number;
  readonly seed: number;
  readonly devices: readonly DeviceAssignment[];
}
