import {
  draftedNotice,
  newNotice,
  newNoticeView,
  noticeParams,
  noticeVersions,
  noticeViews,
  publishedNotice,
  viewsQuery,
} from "../../../contract/notices.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { draftNotice } from "../../../messaging/notices/draft-notice.ts";
import { listNotices, readNotice } from "../../../messaging/notices/read-notice.ts";
import { listViews, recordView } from "../../../messaging/notices/record-view.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

/** The routes of privacy notices. Another person publishes a draft by the routes of approvals. */
export const noticeRoutes = (deps: UseCase & { readonly newId: NewId }): readonly Route[] => [
  draftRoute(deps),
  listRoute(deps),
  currentRoute(deps),
  readRoute(deps),
  showRoute(deps),
  viewsRoute(deps),
];

/** POST /v1/notices */
const draftRoute = (deps: UseCase & { readonly newId: NewId }): Route =>
  route(
    {
      method: "post",
      path: "/v1/notices",
      summary: "Propose a version of the privacy notice, which another person must approve",
      tag: "Consents",
      access: "session",
      audits: ["notice.draft"],
      body: newNotice,
      bodyLimit: bodyLimits.notice,
      answers: { 201: { description: "The draft", schema: draftedNotice } },
      problems: ["forbidden", "device_required", "invalid_notice"],
    },
    async ({ who: { actor }, body: { beginsAtMs = null, ...proposed } }) => ({
      status: 201,
      body: await draftNotice(deps, { actor }, { ...proposed, beginsAtMs }),
    }),
  );

/** GET /v1/notices */
const listRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/notices",
      summary: "List the versions of the privacy notice, with drafts",
      tag: "Consents",
      access: "session",
      audits: ["notice.list"],
      answers: { 200: { description: "The last 200, the newest first", schema: noticeVersions } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: {
        notices: (await listNotices(deps, { actor })).map(({ languages, ...row }) => ({
          ...row,
          languages: [...languages],
        })),
      },
    }),
  );

const nothing = { nothing: "A published notice is for everybody." };

/** GET /v1/notices/current */
const currentRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/notices/current",
      summary: "Read the privacy notice that is in force",
      tag: "Consents",
      access: "session",
      audits: nothing,
      answers: { 200: { description: "In all its languages", schema: publishedNotice } },
      problems: ["forbidden", "notice_not_found"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: await noticeOf(deps, { actor }, undefined),
    }),
  );

/** GET /v1/notices/{version} */
const readRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/notices/{version}",
      summary: "Read a published version of the privacy notice; officers read drafts, too",
      tag: "Consents",
      access: "session",
      audits: nothing,
      params: noticeParams,
      answers: { 200: { description: "In all its languages", schema: publishedNotice } },
      problems: ["forbidden", "notice_not_found"],
    },
    async ({ who: { actor }, params: { version } }) => ({
      status: 200,
      body: await noticeOf(deps, { actor }, version),
    }),
  );

async function noticeOf(...asked: Parameters<typeof readNotice>) {
  const { texts, ...notice } = await readNotice(...asked);
  return { ...notice, texts: [...texts] };
}

/** POST /v1/notices/views */
const showRoute = (deps: UseCase): Route =>
  route(
    {
      method: "post",
      path: "/v1/notices/views",
      summary: "Say, signed by the device, that it showed a notice to its user",
      tag: "Consents",
      access: "session",
      audits: ["notice.show"],
      body: newNoticeView,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is recorded" } },
      problems: [
        "forbidden",
        "device_required",
        "invalid_record",
        "invalid_signature",
        "notice_not_found",
      ],
    },
    async ({ who: { actor }, body: { record: text, signature } }) => {
      await recordView(deps, actor, { text, signature });
      return { status: 204 };
    },
  );

/** GET /v1/notices/{version}/views */
const viewsRoute = (deps: UseCase): Route =>
  route(
    {
      method: "get",
      path: "/v1/notices/{version}/views",
      summary: "List who was shown a version of the privacy notice, when",
      tag: "Consents",
      access: "session",
      audits: ["notice.list_views"],
      params: noticeParams,
      query: viewsQuery,
      answers: { 200: { description: "At most 500, the earliest first", schema: noticeViews } },
      problems: ["forbidden", "notice_not_found"],
    },
    async ({ who: { actor }, params: { version }, query: { after: device, language } }) => {
      const after = device && language ? { device, language } : undefined;
      const views = await listViews(deps, { actor }, { version, after });
      return {
        status: 200,
        body: { views: views.map(({ text: record, ...view }) => ({ ...view, record })) },
      };
    },
  );
