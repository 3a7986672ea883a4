import { z } from "zod";
import { eventKinds, type EventKind } from "../../../crypto/wire/frame.ts";
import { readLinks } from "../../../messaging/history/read-links.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { bytes, milliseconds, nullableBytes, uuid } from "../json-bytes.ts";
import { route, type Route } from "../route.ts";

const kinds = Object.keys(eventKinds) as [EventKind, ...EventKind[]];

const link = z
  .strictObject({
    seq: z.int().min(1),
    kind: z.enum(kinds),
    senderDevice: uuid,
    epoch: z.int().min(0),
    keyId: uuid,
    clientMessageId: uuid,
    receivedAtMs: milliseconds,
    digest: bytes(32),
    commitment: bytes(32),
    frankingTag: bytes(32),
    // A Control of frames.proto, encoded. Null for a message.
    control: bytes(1024 * 1024, "at most").nullable(),
  })
  .meta({ id: "Link" });

/** GET /v1/conversations/{id}/history-grants/{grant}/links */
export function readLinksRoute(deps: MessagingDeps): Route {
  return route(
    {
      method: "get",
      path: "/v1/conversations/{id}/history-grants/{grant}/links",
      summary: "Read the log's hashes of a granted range, backwards, to check what was granted",
      tag: "Conversations",
      access: "session",
      audits: ["history.read_links"],
      params: z.strictObject({ id: uuid, grant: uuid }),
      query: z.strictObject({ until: z.coerce.number().int().min(1) }),
      answers: {
        200: {
          description: "At most 256 links, in order, the last of them `until`",
          schema: z.strictObject({ links: z.array(link), previousHash: nullableBytes(32) }),
        },
      },
      problems: ["conversation_not_found", "grant_not_found", "forbidden"],
    },
    async ({ who, params, query }) => ({
      status: 200,
      body: await readLinks(deps, who.actor, {
        conversation: params.id,
        grant: params.grant,
        until: query.until,
      }),
    }),
  );
}
