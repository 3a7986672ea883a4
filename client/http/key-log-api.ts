import {
  authorityKeys,
  consistencyProof,
  keyHistory,
  keyLogHead,
  keyLogRestores,
} from "../../contract/key-log.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Request } from "./transport.ts";

/** The witnesses of whom a quorum must have cosigned the head of an answer. */
export interface AskedWitnesses {
  /** Each as its verifier key begins: name, `+` and the key's id. */
  readonly witnesses: readonly string[];
  readonly quorum: number;
}

const queryOf = (asked: AskedWitnesses | undefined): string =>
  asked === undefined
    ? ""
    : `&witnesses=${encodeURIComponent(asked.witnesses.join(","))}&quorum=${asked.quorum}`;

/** Creates the calls about the log of accounts' keys and devices. */
export function keyLogApi(request: Request) {
  return {
    /** A page of what the key log says about a user after a version. Nothing is checked yet. */
    keyHistory: (user: UserId, after: number, asked?: AskedWitnesses) =>
      request({
        method: "GET",
        path: `v1/users/${user}/key-history?after=${after}${queryOf(asked)}`,
        answer: keyHistory,
      }),

    /** What the key log says of the keys of the tenant's authority. Nothing is checked yet. */
    authorityKeys: (asked?: AskedWitnesses) =>
      request({
        method: "GET",
        path: `v1/key-log/authority${queryOf(asked).replace("&", "?")}`,
        answer: authorityKeys,
      }),

    keyLogCheckpoint: (asked?: AskedWitnesses) =>
      request({
        method: "GET",
        path: `v1/key-log/checkpoint${queryOf(asked).replace("&", "?")}`,
        answer: keyLogHead,
      }),

    /** @throws SealdeskError with `problem` key_log_shorter: there is no tree of `size` */
    async keyLogConsistency(old: number, size: number): Promise<readonly Uint8Array[]> {
      const path = `v1/key-log/consistency?old=${old}&size=${size}`;
      return (await request({ method: "GET", path, answer: consistencyProof })).proof;
    },

    /** The statements that the key log was restored from a backup. Nothing is checked yet. */
    async keyLogRestores(): Promise<readonly string[]> {
      const path = "v1/key-log/restores";
      return (await request({ method: "GET", path, answer: keyLogRestores })).restores;
    },
  };
}
