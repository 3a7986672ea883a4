import { complianceReport } from "../../../contract/compliance.ts";
import {
  checkCompliance,
  type ComplianceDeps,
} from "../../../workflows/compliance/check-compliance.ts";
import { route, type Route } from "../route.ts";

/** GET /v1/compliance-report */
export const complianceRoute = (deps: ComplianceDeps): Route =>
  route(
    {
      method: "get",
      path: "/v1/compliance-report",
      summary: "Check whether the deployment and your organisation keep what they promise",
      tag: "Compliance",
      access: "session",
      audits: ["compliance.read"],
      answers: { 200: { description: "Each check with what it found", schema: complianceReport } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: await checkCompliance(deps, { actor }),
    }),
  );
