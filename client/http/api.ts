import type { TenantId } from "../../crypto/wire/ids.ts";
import { conversationApi } from "./conversation-api.ts";
import { credentialsApi } from "./credentials-api.ts";
import { deviceApi } from "./device-api.ts";
import { historyApi } from "./history-api.ts";
import { keyLogApi } from "./key-log-api.ts";
import { linkApi } from "./link-api.ts";
import type { Request } from "./transport.ts";

/** The server's resources that this SDK uses. Every function throws SealdeskError. */
export const createApi = (request: Request, tenant: TenantId) => ({
  ...deviceApi(request, tenant),
  ...keyLogApi(request),
  ...linkApi(request),
  ...credentialsApi(request),
  ...conversationApi(request),
  ...historyApi(request),
});

export type Api = ReturnType<typeof createApi>;
