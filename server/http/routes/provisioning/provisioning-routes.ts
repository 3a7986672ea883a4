import type { Route } from "../../route.ts";
import { descriptionRoutes } from "./description.ts";
import { groupRoutes } from "./groups.ts";
import type { ProvisioningRouteDeps } from "./provision.ts";
import { userRoutes } from "./users.ts";

/** The routes with which an identity provider writes people and groups (SCIM 2.0). */
export const provisioningRoutes = (deps: ProvisioningRouteDeps): readonly Route[] => [
  ...descriptionRoutes(deps),
  ...userRoutes(deps),
  ...groupRoutes(deps),
];
