import { monitorHeaders, monitorParams } from "../../../contract/audit.ts";
import { IdentityError } from "../../../identity/identity-error.ts";
import type { MonitorReader } from "../../../identity/audit-log/monitor-reader.ts";
import { answeredInSteps } from "../answered-in-steps.ts";
import type { Attempts } from "../attempts.ts";
import { monitorTokenIn } from "../monitor-token.ts";
import { streamRoute, type StreamRoute } from "../route.ts";
import { asNotFound, logRefusals, sendLogFile } from "./audit.ts";

interface Deps {
  readonly reader: MonitorReader;
  /** The failed attempts of each network. */
  readonly attempts: Attempts;
}

/**
 * GET /v1/monitor/{tenant}/...: the files of a log in the format of C2SP tlog-tiles, for software that
 * cannot make device proofs. The token comes as `Bearer` (RFC 6750) or as the password of `Basic`
 * (RFC 7617), which most HTTP clients send for `https://monitor:TOKEN@host/`.
 */
export function monitorRoute({ reader, attempts }: Deps): StreamRoute {
  return streamRoute(
    {
      method: "get",
      path: "/v1/monitor/{tenant}/{path*}",
      summary: "Read the files of a tenant's audit log with a monitor's token (C2SP tlog-tiles)",
      tag: "Audit",
      access: "monitor",
      audits: ["audit.read_tiles"],
      isUnlimited: true,
      params: monitorParams,
      headers: monitorHeaders,
      answers: { 200: { description: "The checkpoint, or the bytes of a tile", bytes: true } },
      problems: ["not_found", ...logRefusals],
    },
    async ({ requestId, params, headers, request }, _request, response) => {
      const asked = { slug: params.tenant, path: params.path, requestId };
      const token = monitorTokenIn(headers.authorization);
      let bytes: Uint8Array | undefined;
      let refusal: IdentityError | undefined;
      await attempts.run(request.network, async () => {
        try {
          const reading = reader.read({ ...asked, token }).catch(asNotFound);
          bytes = await answeredInSteps("invalid_token", reading);
          return true;
        } catch (error) {
          if (!(error instanceof IdentityError)) throw error;
          refusal = error;
          return false;
        }
      });
      if (refusal !== undefined) throw refusal;
      sendLogFile(response, params.path, bytes);
    },
  );
}
