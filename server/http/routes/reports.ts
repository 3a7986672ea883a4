import * as z from "zod/mini";
import {
  decidedReport,
  newAppealDecision,
  ownDecisions,
  newReport,
  newReportDecision,
  reportCounts,
  reportList,
  reportsQuery,
  shownReport,
  submittedReport,
} from "../../../contract/reports.ts";
import { reportId } from "../../../contract/values.ts";
import {
  appealDecision,
  decideAppeal,
  listOwnDecisions,
} from "../../../moderation/reports/appeal.ts";
import { decideAboutReport } from "../../../moderation/reports/decide-report.ts";
import { requestBan } from "../../../moderation/reports/request-ban.ts";
import { countReports, listReports, showReport } from "../../../moderation/reports/show-reports.ts";
import { submitReport, type SubmitDeps } from "../../../moderation/reports/submit-report.ts";
import { bodyLimits } from "../../limits.ts";
import type { Limiter } from "../rate-limiter.ts";
import { route, type Route } from "../route.ts";

interface ReportRoutesDeps extends SubmitDeps {
  readonly byAccount: Limiter;
}

const params = z.strictObject({ id: reportId });

/** The routes of reports of messages. */
export const reportRoutes = (deps: ReportRoutesDeps): readonly Route[] => [
  submitRoute(deps),
  listRoute(deps),
  countRoute(deps),
  showRoute(deps),
  decideRoute(deps),
  ownDecisionsRoute(deps),
  appealRoute(deps),
  decideAppealRoute(deps),
];

/** POST /v1/reports. Rate-limited by account. */
const submitRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/reports",
      summary: "Report messages of a member to the moderators, with what proves them",
      tag: "Reports",
      access: "session",
      audits: ["report.submit"],
      body: newReport,
      bodyLimit: bodyLimits.report,
      answers: { 201: { description: "The id of the report", schema: submittedReport } },
      problems: [
        "forbidden",
        "device_required",
        "conversation_not_found",
        "processing_restricted",
        "subject_erased",
        "report_not_authentic",
        "report_exists",
        "invalid_report",
        "too_many_reports",
        "rate_limited",
      ],
    },
    async ({ who: { actor }, body }) => {
      await deps.byAccount.take(actor.user);
      return { status: 201, body: { id: await submitReport(deps, actor, body) } };
    },
  );

/** GET /v1/reports */
const listRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/reports",
      summary: "List the reports that wait for a decision, without what they disclose",
      tag: "Reports",
      access: "session",
      audits: ["report.list"],
      query: reportsQuery,
      answers: { 200: { description: "The first 200, the oldest first", schema: reportList } },
      problems: ["forbidden"],
    },
    async ({ who: { actor }, query: { all } }) => ({
      status: 200,
      body: { reports: await listReports(deps, { actor }, { all: all === "true" }) },
    }),
  );

/** GET /v1/report-counts */
const countRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/report-counts",
      summary: "Count the reports by what was decided",
      tag: "Reports",
      access: "session",
      audits: ["report.count"],
      answers: { 200: { description: "The numbers", schema: reportCounts } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({ status: 200, body: await countReports(deps, { actor }) }),
  );

/** GET /v1/reports/{id} */
const showRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/reports/{id}",
      summary: "Read a report with exactly what the reporter disclosed",
      tag: "Reports",
      access: "session",
      audits: ["report.read"],
      params,
      answers: { 200: { description: "The report", schema: shownReport } },
      problems: ["forbidden", "report_not_found"],
    },
    async ({ who: { actor }, params: { id } }) => ({
      status: 200,
      body: await showReport(deps, { actor }, id),
    }),
  );

/** POST /v1/reports/{id}/decision */
const decideRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/reports/{id}/decision",
      summary: "Decide about a report. A ban waits for a second moderator",
      tag: "Reports",
      access: "session",
      audits: [["report.decide", "report.request_ban"]],
      params,
      body: newReportDecision,
      bodyLimit: bodyLimits.small,
      answers: {
        200: { description: "It is in force, or waits for approval", schema: decidedReport },
      },
      problems: [
        "forbidden",
        "device_required",
        "report_not_found",
        "report_decided",
        "invalid_report",
      ],
    },
    async ({ who: { actor }, params: { id }, body }) => {
      if (body.decision === "ban") {
        const request = await requestBan(deps, { actor }, { report: id, ...body });
        return { status: 200, body: { request } };
      }
      await decideAboutReport(deps, { actor }, id, body);
      return { status: 200, body: { request: null } };
    },
  );

/** GET /v1/report-decisions */
const ownDecisionsRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/report-decisions",
      summary: "List the moderators' decisions about one's own account",
      tag: "Reports",
      access: "session",
      audits: ["report.list_own"],
      answers: { 200: { description: "The last 200, the newest first", schema: ownDecisions } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { decisions: await listOwnDecisions(deps, actor) },
    }),
  );

/** POST /v1/reports/{id}/appeal */
const appealRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/reports/{id}/appeal",
      summary: "Appeal against a decision about one's own account. Another moderator decides",
      tag: "Reports",
      access: "session",
      audits: ["report.appeal"],
      params,
      answers: { 204: { description: "The appeal waits for a moderator" } },
      problems: ["forbidden", "report_not_found", "appeal_not_possible"],
    },
    async ({ who: { actor }, params: { id } }) => {
      await appealDecision(deps, actor, id);
      return { status: 204 };
    },
  );

/** POST /v1/reports/{id}/appeal-decision */
const decideAppealRoute = (deps: ReportRoutesDeps): Route =>
  route(
    {
      method: "post",
      path: "/v1/reports/{id}/appeal-decision",
      summary: "Decide about an appeal, as another moderator than those who decided before",
      tag: "Reports",
      access: "session",
      audits: ["report.decide_appeal"],
      params,
      body: newAppealDecision,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "It is decided, and in force" } },
      problems: [
        "forbidden",
        "device_required",
        "own_approval",
        "report_not_found",
        "appeal_not_found",
        "invalid_report",
      ],
    },
    async ({ who: { actor }, params: { id }, body }) => {
      await decideAppeal(deps, { actor }, { report: id, ...body });
      return { status: 204 };
    },
  );
