import { z } from "zod";
import { readKeyHistory, type KeyLogDeps } from "../../../keys/transparency/read-key-history.ts";
import {
  readKeyLogCheckpoint,
  readKeyLogConsistency,
  readKeyLogRestores,
} from "../../../keys/transparency/read-key-log.ts";
import { bytes, uuid } from "../json-bytes.ts";
import { route, type Route } from "../route.ts";
import { wholeNumber } from "./relay-schemas.ts";

const MAX_ENTRY_BYTES = 65_535;
const size = z.int().min(0).meta({ description: "Entries of the log" });
const hashes = z.array(bytes(32)).meta({ description: "RFC 9162 path, from the leaf up" });
const head = {
  vkey: z.string().meta({ description: "C2SP signed-note verifier key of the log" }),
  checkpoint: z.string().meta({ description: "C2SP tlog-checkpoint" }),
};
const keyLogHead = z.object(head).meta({ id: "KeyLogHead" });
const keyHistory = z
  .object({
    ...head,
    user: uuid,
    entries: z.array(
      z.object({ index: size, entry: bytes(MAX_ENTRY_BYTES, "at most"), proof: hashes }),
    ),
    more: z.boolean().meta({ description: "Whether entries of later versions follow" }),
  })
  .meta({
    id: "KeyHistory",
    description: "What the key log says of a user, by version, at most 100 entries",
  });
const fromQuery = wholeNumber.meta({ description: "Entries of the log" });

/** GET /v1/users/{user}/key-history */
export function keyHistoryRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/users/{user}/key-history",
      summary: "Read what the key log says of a user, with proofs; waits until it is signed",
      tag: "Directory",
      access: "session",
      audits: ["keys.read_history"],
      params: z.strictObject({ user: uuid }),
      query: z.strictObject({
        after: wholeNumber.optional().meta({
          description: "The last version of the page before",
        }),
      }),
      answers: { 200: { description: "The entries", schema: keyHistory } },
      problems: ["user_not_found", "forbidden", "key_log_behind"],
    },
    async ({ who, params, query, requestId }) => ({
      status: 200,
      body: await readKeyHistory({ ...deps, requestId }, who.actor, params.user, query.after),
    }),
  );
}

/** GET /v1/key-log/checkpoint */
export function keyLogCheckpointRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/key-log/checkpoint",
      summary: "Read the key log's newest signed checkpoint",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it is the same for everyone, and tells of nobody" },
      answers: { 200: { description: "The checkpoint", schema: keyLogHead } },
      problems: ["key_log_behind"],
    },
    async ({ who }) => ({ status: 200, body: await readKeyLogCheckpoint(deps, who.actor) }),
  );
}

/** GET /v1/key-log/consistency?old=&size= */
export function keyLogConsistencyRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/key-log/consistency",
      summary: "Read the proof that the key log of one size is an extension of that of another",
      tag: "Directory",
      access: "session",
      audits: { nothing: "hashes tell of nobody" },
      query: z.strictObject({ old: fromQuery, size: fromQuery }),
      answers: {
        200: { description: "The proof", schema: z.strictObject({ proof: hashes }) },
      },
      problems: ["key_log_behind", "key_log_shorter"],
    },
    async ({ who, query }) => ({
      status: 200,
      body: { proof: await readKeyLogConsistency(deps, who.actor, query) },
    }),
  );
}

/** GET /v1/key-log/restores */
export function keyLogRestoresRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/key-log/restores",
      summary: "Read the signed statements that the key log was restored from a backup",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it is the same for everyone, and tells of nobody" },
      answers: {
        200: {
          description: "The statements, the earliest first",
          schema: z.strictObject({
            restores: z.array(z.string()).meta({
              description: "C2SP signed notes. The key of the log and two approvers signed each",
            }),
          }),
        },
      },
      problems: ["key_log_behind"],
    },
    async ({ who }) => ({
      status: 200,
      body: { restores: await readKeyLogRestores(deps, who.actor) },
    }),
  );
}
