import { linksPage, linksParams, linksQuery } from "../../../contract/history.ts";
import { readLinks } from "../../../messaging/history/read-links.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { route, type Route } from "../route.ts";

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
      params: linksParams,
      query: linksQuery,
      answers: {
        200: {
          description: "At most 256 links, in order, the last of them `until`",
          schema: linksPage,
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
