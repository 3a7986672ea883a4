import type * as z from "zod/mini";
import type { CaseId, ReportId } from "../../crypto/wire/ids.ts";
import { acknowledgedRequest, newRequest, shownRequests } from "../../contract/requests.ts";
import { ownDecisions } from "../../contract/reports.ts";
import { restrictions } from "../../contract/restrictions.ts";
import { nothing, writeBody } from "./messages.ts";
import type { Request } from "./transport.ts";

/** Creates the calls about what a person asks for by law. */
export const requestApi = (request: Request) => ({
  openRequest: async (asked: z.output<typeof newRequest>) =>
    request({
      method: "POST",
      path: "v1/requests",
      body: writeBody(newRequest, asked),
      answer: acknowledgedRequest,
    }),

  withdrawRequest: (id: CaseId) =>
    request({ method: "POST", path: `v1/requests/${id}/withdrawal`, answer: nothing }),

  async listRequests() {
    const path = "v1/requests?all=true";
    return (await request({ method: "GET", path, answer: shownRequests })).requests;
  },

  /** Returns what moderators decided about this account. */
  async listDecisions() {
    const path = "v1/report-decisions";
    return (await request({ method: "GET", path, answer: ownDecisions })).decisions;
  },

  appealDecision: (id: ReportId) =>
    request({ method: "POST", path: `v1/reports/${id}/appeal`, answer: nothing }),

  async listRestrictions() {
    const path = "v1/restrictions?all=true";
    return (await request({ method: "GET", path, answer: restrictions })).restrictions;
  },
});

export type RequestApi = ReturnType<typeof requestApi>;
