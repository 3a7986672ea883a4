import type { AnyRoute } from "../../route.ts";
import {
  changeJwksUrlRoute,
  giveCustomerKeysRoutes,
  removeCustomerKeyRoute,
  revokeCustomerKeyRoute,
  unrevokeCustomerKeyRoute,
} from "./customer-keys.ts";
import { identityProviderRoutes } from "./identity-providers.ts";
import { accountingRoute, purposeOfUseRoute } from "./disclosure-settings.ts";
import { messageRevisionsRoute } from "./message-settings.ts";
import {
  addOriginRoute,
  readSettingsRoute,
  removeOriginRoute,
  staffGrantsRoute,
} from "./settings.ts";
import { signInSettingsRoutes } from "./sign-in-settings.ts";
import { disableStaffRoute, enableStaffRoute } from "./staff-account.ts";
import { staffCredentialsRoutes } from "./staff-credentials.ts";
import { teamRoutes } from "./teams.ts";
import { createStaffRoute, listStaffByKeyRoute, resetStaffRoute, setRoleRoute } from "./staff.ts";

type Deps = Parameters<typeof createStaffRoute>[0] &
  Parameters<typeof resetStaffRoute>[0] &
  Parameters<typeof staffCredentialsRoutes>[0] &
  Parameters<typeof changeJwksUrlRoute>[0] &
  Parameters<typeof identityProviderRoutes>[0];

/** The routes of programs with an API key. */
export const administrationRoutes = (deps: Deps): readonly AnyRoute[] => [
  listStaffByKeyRoute(deps),
  createStaffRoute(deps),
  setRoleRoute(deps),
  resetStaffRoute(deps),
  disableStaffRoute(deps),
  enableStaffRoute(deps),
  ...staffCredentialsRoutes(deps),
  readSettingsRoute(deps),
  staffGrantsRoute(deps),
  purposeOfUseRoute(deps),
  accountingRoute(deps),
  messageRevisionsRoute(deps),
  ...signInSettingsRoutes(deps),
  addOriginRoute(deps),
  removeOriginRoute(deps),
  ...giveCustomerKeysRoutes(deps),
  removeCustomerKeyRoute(deps),
  revokeCustomerKeyRoute(deps),
  unrevokeCustomerKeyRoute(deps),
  changeJwksUrlRoute(deps),
  ...identityProviderRoutes(deps),
  ...teamRoutes(deps),
];
