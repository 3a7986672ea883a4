import {
  classified,
  newClassification,
  newRetentionLock,
  newRetentionPreview,
  newRetentionVersion,
  retention,
  retentionPreview,
  savedRetentionVersion,
  setRetentionLock,
} from "../../../contract/retention.ts";
import { conversationParams } from "../../../contract/values.ts";
import { classify } from "../../../workflows/retention/classify.ts";
import { lockRecords, type LockRecordsDeps } from "../../../workflows/retention/lock-records.ts";
import { previewSchedule } from "../../../workflows/retention/preview.ts";
import { saveSchedule } from "../../../workflows/retention/save-schedule.ts";
import { showRetention } from "../../../workflows/retention/show-retention.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

type RetentionRoutesDeps = LockRecordsDeps;

/** The routes of retention. A version that ends records earlier is approved by the routes of approvals. */
export const retentionRoutes = (deps: RetentionRoutesDeps): readonly Route[] => [
  showRoute(deps),
  previewRoute(deps),
  saveRoute(deps),
  lockRoute(deps),
  classifyRoute(deps),
];

/** GET /v1/retention */
const showRoute = (deps: RetentionRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/retention",
      summary: "Read the retention schedule in force, its versions and the locks",
      tag: "Retention",
      access: "session",
      audits: ["retention.read"],
      answers: { 200: { description: "How records are kept", schema: retention } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({ status: 200, body: await showRetention(deps, { actor }) }),
  );

/** POST /v1/retention/previews */
const previewRoute = (deps: RetentionRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/retention/previews",
      summary: "Count what a retention schedule would end, now and later, and save nothing",
      tag: "Retention",
      access: "session",
      audits: ["retention.preview"],
      body: newRetentionPreview,
      bodyLimit: bodyLimits.small,
      answers: { 200: { description: "The effect by times", schema: retentionPreview } },
      problems: ["forbidden", "device_required", "retention_locked"],
    },
    async ({ who: { actor }, body: { rules } }) => ({
      status: 200,
      body: await previewSchedule(deps, { actor }, rules),
    }),
  );

/** POST /v1/retention/versions */
const saveRoute = (deps: RetentionRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/retention/versions",
      summary:
        "Save a version of the retention schedule, which another person must approve if it ends records earlier",
      tag: "Retention",
      access: "session",
      audits: ["retention.save"],
      body: newRetentionVersion,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The version", schema: savedRetentionVersion } },
      problems: [
        "forbidden",
        "device_required",
        "invalid_retention",
        "retention_locked",
        "retention_changed",
        "retention_version_to_come",
      ],
    },
    async ({ who: { actor }, body: { beginsAtMs, ...body } }) => ({
      status: 201,
      body: await saveSchedule(deps, { actor }, { ...body, beginsAtMs: beginsAtMs ?? null }),
    }),
  );

/** POST /v1/retention/locks */
const lockRoute = (deps: RetentionRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/retention/locks",
      summary: "Demand that records are kept for a time, or lengthen that",
      tag: "Retention",
      access: "session",
      audits: ["retention.lock"],
      body: newRetentionLock,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The lock", schema: setRetentionLock } },
      problems: ["forbidden", "device_required", "retention_locked"],
    },
    async ({ who: { actor }, body }) => ({
      status: 201,
      body: { id: await lockRecords(deps, { actor }, body) },
    }),
  );

/** PUT /v1/conversations/{id}/classification */
const classifyRoute = (deps: RetentionRoutesDeps): Route =>
  route(
    {
      method: "put",
      path: "/v1/conversations/{id}/classification",
      summary:
        "Say what the records of a conversation are that are received from now on; another person must approve it if they are kept for a shorter time",
      tag: "Retention",
      access: "session",
      audits: ["retention.classify"],
      params: conversationParams,
      body: newClassification,
      bodyLimit: bodyLimits.small,
      answers: {
        200: { description: "What another person must approve, if anything", schema: classified },
      },
      problems: ["forbidden", "device_required", "conversation_not_found", "invalid_retention"],
    },
    async ({ who: { actor }, params: { id: conversation }, body }) => ({
      status: 200,
      body: { approval: await classify(deps, { actor }, { conversation, ...body }) },
    }),
  );
