import { exportFiles, exportPage } from "../../../contract/export-files.ts";
import { exportRecord } from "../../../contract/export-record.ts";
import {
  completedExport,
  exportManifest,
  exportPageParams,
  exportParams,
  newExport,
  shownExport,
  takenPage,
  takenRecord,
} from "../../../contract/exports.ts";
import { encodeFrame } from "../../../crypto/wire/frame.ts";
import type { LogSigner } from "../../../audit/logs.ts";
import type { Profiles } from "../../../identity/accounts/profiles.ts";
import type { LogReading } from "../../../identity/audit-log/follow-log.ts";
import { beginExport } from "../../../workflows/export/begin-export.ts";
import { completeExport } from "../../../workflows/export/complete-export.ts";
import type { ExportDeps } from "../../../workflows/export/export-deps.ts";
import { showExport } from "../../../workflows/export/show-export.ts";
import { takePage } from "../../../workflows/export/take-page.ts";
import { takeRecord } from "../../../workflows/export/take-record.ts";
import { bodyLimits } from "../../limits.ts";
import { jsonSchemaOf } from "../json-schemas.ts";
import { route, type Route } from "../route.ts";

export interface ExportRoutesDeps extends LogReading, ExportDeps {
  readonly profiles: Profiles;
  readonly signer: LogSigner;
}

/** The routes with which a person's device takes the copy of their data. */
export const exportRoutes = (deps: ExportRoutesDeps): readonly Route[] => [
  beginRoute(deps),
  showRoute(deps),
  recordRoute(deps),
  pageRoute(deps),
  completeRoute(deps),
];

const taking = [
  "forbidden",
  "device_required",
  "case_not_found",
  "case_moved",
  "export_not_ready",
] as const;

/** POST /v1/requests/{id}/exports */
const beginRoute = (deps: ExportRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/requests/{id}/exports",
      summary: "Begin the copy that answers your accepted request for access or portability",
      tag: "Requests",
      access: "session",
      audits: ["export.begin"],
      params: exportParams,
      body: newExport,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The server packs it. See its state" } },
      problems: [
        "forbidden",
        "device_required",
        "request_not_found",
        "right_not_available",
        "case_moved",
      ],
    },
    async ({ who: { actor }, params, body: { id } }) => {
      await beginExport(deps, actor, { id, request: params.id });
      return { status: 204 };
    },
  );

/** GET /v1/exports/{id} */
const showRoute = (deps: ExportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/exports/{id}",
      summary: "Read how far your copy is, and its pages when it is packed",
      tag: "Requests",
      access: "session",
      audits: ["export.show"],
      params: exportParams,
      answers: { 200: { description: "The export", schema: shownExport } },
      problems: ["forbidden", "device_required", "case_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showExport(deps, actor, id),
    }),
  );

/** The published schemas of the files of a copy. */
const schemas = [
  { path: "schema/record.json", of: exportRecord },
  { path: "schema/page.json", of: exportPage },
  { path: "schema/files.json", of: exportFiles },
].map(({ path, of }) => ({ path, text: `${JSON.stringify(jsonSchemaOf(of), null, 2)}\n` }));

/** GET /v1/exports/{id}/record */
const recordRoute = (deps: ExportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/exports/{id}/record",
      summary: "Read what the server knows about you beside your conversations",
      tag: "Requests",
      access: "session",
      audits: ["export.read_record"],
      params: exportParams,
      answers: { 200: { description: "The record", schema: takenRecord } },
      problems: [...taking],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: { record: await takeRecord(deps, actor, id), schemas },
    }),
  );

/** GET /v1/exports/{id}/pages/{number} */
const pageRoute = (deps: ExportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/exports/{id}/pages/{number}",
      summary: "Read the events of a page of your copy, as the relay delivers them",
      tag: "Requests",
      access: "session",
      audits: ["export.read"],
      // A copy of 100,000 messages has 200 pages, and their entries are summed.
      isUnlimited: true,
      params: exportPageParams,
      answers: { 200: { description: "The events", schema: takenPage } },
      problems: [...taking, "export_changed", "key_destroyed"],
    },
    async ({ who: { actor }, params }) => {
      const events = await takePage(deps, actor, params);
      const frames = events.map((event) => encodeFrame({ kind: "deliver", body: event }));
      return { status: 200, body: { frames } };
    },
  );

/** POST /v1/exports/{id}/completion */
const completeRoute = (deps: ExportRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/exports/{id}/completion",
      summary: "Say that your device has written the copy. The server signs its manifest",
      tag: "Requests",
      access: "session",
      audits: ["request.answer", "export.complete"],
      params: exportParams,
      body: completedExport,
      bodyLimit: bodyLimits.completedExport,
      answers: { 200: { description: "The manifest's file", schema: exportManifest } },
      problems: [...taking, "export_changed"],
    },
    async ({ who: { actor }, params: { id }, body }) => ({
      status: 200,
      body: { file: await completeExport(deps, actor, id, body) },
    }),
  );
