import {
  authorityKeys,
  consistencyProof,
  consistencyQuery,
  keyHistory,
  keyHistoryQuery,
  keyLogHead,
  keyLogHeadQuery,
  keyLogRestores,
} from "../../../contract/key-log.ts";
import { userParams } from "../../../contract/values.ts";
import { readAuthorityKeys } from "../../../identity/authority/read-authority.ts";
import { askedQuorum } from "../../../identity/transparency/key-log.ts";
import {
  readKeyHistory,
  type KeyLogDeps,
} from "../../../identity/transparency/read-key-history.ts";
import {
  readKeyLogCheckpoint,
  readKeyLogConsistency,
  readKeyLogRestores,
} from "../../../identity/transparency/read-key-log.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/users/{user}/key-history?after=&witnesses=&quorum= */
export function keyHistoryRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/users/{user}/key-history",
      summary: "Read what the key log says of a user, with proofs; waits until it is signed",
      tag: "Directory",
      access: "session",
      audits: ["keys.read_history"],
      params: userParams,
      query: keyHistoryQuery,
      answers: { 200: { description: "The entries", schema: keyHistory } },
      problems: ["user_not_found", "forbidden", "key_log_behind", "key_log_not_witnessed"],
    },
    async ({ who, params, query }) => ({
      status: 200,
      body: await readKeyHistory(deps, who.actor, params.user, {
        after: query.after,
        cosigned: askedQuorum(query),
      }),
    }),
  );
}

/** GET /v1/key-log/authority?witnesses=&quorum= */
export function authorityKeysRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/key-log/authority",
      summary:
        "Read what the key log says of the authority's keys, with proofs; waits until it is signed",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it is the same for everyone, and tells of nobody" },
      query: keyLogHeadQuery,
      answers: { 200: { description: "The entries, by version", schema: authorityKeys } },
      problems: ["key_log_behind", "key_log_not_witnessed"],
    },
    async ({ who, query }) => ({
      status: 200,
      body: await readAuthorityKeys(deps, who.actor, askedQuorum(query)),
    }),
  );
}

/** GET /v1/key-log/checkpoint?witnesses=&quorum= */
export function keyLogCheckpointRoute(deps: KeyLogDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/key-log/checkpoint",
      summary: "Read the key log's newest signed checkpoint",
      tag: "Directory",
      access: "session",
      audits: { nothing: "it is the same for everyone, and tells of nobody" },
      query: keyLogHeadQuery,
      answers: { 200: { description: "The checkpoint", schema: keyLogHead } },
      problems: ["key_log_behind", "key_log_not_witnessed"],
    },
    async ({ who, query }) => ({
      status: 200,
      body: await readKeyLogCheckpoint(deps, who.actor, askedQuorum(query)),
    }),
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
      query: consistencyQuery,
      answers: {
        200: { description: "The proof", schema: consistencyProof },
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
          schema: keyLogRestores,
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
