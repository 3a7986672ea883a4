import { Command } from "commander";
import { registerIdp } from "../../cli/commands/idp/register.ts";
import { registerTeams } from "../../cli/commands/teams/register.ts";
import { registerTenant } from "../../cli/commands/register-tenant.ts";
import { registerUser } from "../../cli/commands/user.ts";
import { administrationRoutes } from "../../server/http/routes/administration/administration-routes.ts";
import { operatorRoutes } from "../../server/http/routes/operator/tenants.ts";

/** The route that does the same as a command about the staff or the settings of a tenant. */
const routeOf: Readonly<Record<string, string>> = {
  "tenant staff-grants": "PUT settings/staff-grants",
  "tenant anonymous-customers": "PUT settings/anonymous-customers",
  "tenant second-factor": "PUT settings/second-factor",
  "tenant idle-log-off": "PUT settings/idle-log-off",
  "tenant purpose-of-use": "PUT settings/purpose-of-use",
  "tenant accounting": "PUT settings/accounting",
  "tenant message-revisions": "PUT settings/message-revisions",
  "tenant keys list": "GET settings",
  "tenant keys set": "PUT customer-keys",
  "tenant keys add": "POST customer-keys",
  "tenant keys remove": "DELETE customer-keys/{kid}",
  "tenant keys revoke": "POST customer-keys/{kid}/revocation",
  "tenant keys unrevoke": "DELETE customer-keys/{kid}/revocation",
  "tenant keys set-url": "PUT customer-jwks-url",
  "tenant keys remove-url": "PUT customer-jwks-url",
  "tenant origins list": "GET settings",
  "tenant origins add": "POST origins",
  "tenant origins remove": "DELETE origins",
  "user create": "POST staff",
  "user reset": "POST staff/{user}/reset",
  "user set-role": "PUT staff/{user}/role",
  "user disable": "POST staff/{user}/disable",
  "user enable": "POST staff/{user}/enable",
  "user reset-password": "POST staff/{user}/password-reset",
  "user reset-second-factor": "DELETE staff/{user}/second-factor",
  "user passkeys list": "GET staff/{user}/passkeys",
  "user passkeys remove": "DELETE staff/{user}/passkeys/{passkey}",
  "idp add": "POST identity-providers",
  "idp remove": "DELETE identity-providers/{provider}",
  "idp link": "PUT staff/{user}/identity",
  "idp list": "GET identity-providers",
  "idp show": "GET identity-providers",
  "idp teams": "PUT identity-providers/{provider}/teams",
  "team list": "GET teams",
  "team add": "PUT teams/{team}/members/{user}",
  "team remove": "DELETE teams/{team}/members/{user}",
  "idp test": "POST identity-providers/{provider}/test",
};

/** The route of the operator's programs that does the same as a command about tenants. No key of a tenant opens it. */
const operatorRouteOf: Readonly<Record<string, string>> = {
  "tenant create": "POST /v1/operator/tenants",
  "tenant suspend": "PUT /v1/operator/tenants/{tenant}/suspension",
  "tenant resume": "DELETE /v1/operator/tenants/{tenant}/suspension",
  "tenant limits list": "GET /v1/operator/tenants/{tenant}",
  "tenant limits set": "PUT /v1/operator/tenants/{tenant}/limits",
  "tenant require-consents": "PUT /v1/operator/tenants/{tenant}/required-consents",
};

/** Commands that have no route, and why. */
const withoutRoute: Readonly<Record<string, string>> = {
  "tenant recount-storage": "it repairs the server's own counts",
  "user set-password":
    "a person chooses a password with the link of password-reset, and no program knows it",
};

/** The commands that have none below them. */
const leavesOf = (command: Command, path: readonly string[] = []): readonly string[] =>
  command.commands.length === 0
    ? [path.join(" ")]
    : command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]));

const commands = () => {
  const program = new Command();
  const unused = () => {
    throw new Error("no command runs here");
  };
  for (const register of [registerTenant, registerUser, registerIdp, registerTeams])
    register(program, unused, unused);
  return leavesOf(program);
};

const routes = () =>
  administrationRoutes({} as never).map(
    ({ spec: { method, path } }) =>
      `${method.toUpperCase()} ${path.replace("/v1/admin/{tenant}/", "")}`,
  );

test("each command about tenants, staff and settings has a route, or a reason why it has none", () => {
  expect(commands().toSorted()).toEqual(
    [routeOf, operatorRouteOf, withoutRoute].flatMap((each) => Object.keys(each)).toSorted(),
  );
  expect(Object.values(routeOf).filter((route) => !routes().includes(route))).toEqual([]);
});

test("each route of the administration API but the list of staff is that of a command", () => {
  const known = new Set(Object.values(routeOf));
  expect(routes().filter((route) => !known.has(route))).toEqual(["GET staff"]);
});

test("each route of the operator is that of a command", () => {
  const offered = operatorRoutes({} as never).map(
    ({ spec: { method, path } }) => `${method.toUpperCase()} ${path}`,
  );
  expect(offered.toSorted()).toEqual(Object.values(operatorRouteOf).toSorted());
});
