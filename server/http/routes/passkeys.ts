import {
  addedPasskey,
  newPasskey,
  passkeyChallenge,
  passkeyName,
  passkeyOptions,
  passkeyParams,
  passkeyRequest,
  passkeys,
} from "../../../contract/passkeys.ts";
import {
  addPasskey,
  passkeyOptions as makeOptions,
  unavailable,
} from "../../../identity/passkeys/add-passkey.ts";
import type { PasskeyChallenges } from "../../../identity/passkeys/challenges.ts";
import { listOwnPasskeys, renamePasskey } from "../../../identity/passkeys/own-passkeys.ts";
import { removeOwnPasskey } from "../../../identity/passkeys/remove-passkey.ts";
import type { UseCase } from "../../../identity/audited.ts";
import { verifyProof } from "../../../identity/tokens/device-proof.ts";
import { Secret } from "../../../keys/secret.ts";
import { bodyLimits } from "../../limits.ts";
import { HttpError } from "../http-error.ts";
import { route, type Route } from "../route.ts";

type Deps = Parameters<typeof makeOptions>[0];

export const passkeyRoutes = (deps: Deps): readonly Route[] => [
  challengeRoute(deps),
  optionsRoute(deps),
  addRoute(deps),
  listRoute(deps),
  renameRoute(deps),
  removeRoute(deps),
];

/** POST /v1/passkey-challenges */
const challengeRoute = ({
  challenges,
  now,
}: Pick<UseCase, "now"> & { readonly challenges: PasskeyChallenges }): Route =>
  route(
    {
      method: "post",
      path: "/v1/passkey-challenges",
      summary:
        "Get the seed of a challenge for a passkey, bound to the proof's key, for five minutes",
      tag: "Sessions",
      access: "public",
      audits: { nothing: "it is the same for everyone, and nothing is stored" },
      answers: { 201: { description: "The challenge serves once", schema: passkeyChallenge } },
      problems: ["missing_token", "invalid_proof", "passkeys_unavailable"],
    },
    async ({ request: { method, url, proof, origin } }) => {
      if (proof === undefined)
        throw new HttpError("missing_token", "Send a device proof in the DPoP header.");
      const { thumbprint } = await verifyProof({ proof, method, url, nowMs: now() });
      const issued = await challenges.issue({ thumbprint, origin }, undefined, now());
      if (issued === undefined) throw unavailable();
      return { status: 201, body: issued };
    },
  );

/** POST /v1/account/passkeys/options */
const optionsRoute = (deps: Deps): Route =>
  route(
    {
      method: "post",
      path: "/v1/account/passkeys/options",
      summary: "Get what a passkey for one's own account is made with",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: { nothing: "nothing changes; `user.add_passkey` comes later" },
      body: passkeyRequest,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "Make it within five minutes", schema: passkeyOptions } },
      problems: [
        "wrong_password",
        "step_up_required",
        "too_many_passkeys",
        "passkeys_unavailable",
        "device_required",
        "forbidden",
      ],
    },
    async ({ who, body, request: { origin } }) => {
      const asker = { thumbprint: who.thumbprint, origin };
      const password = body.password === undefined ? undefined : new Secret(body.password);
      return { status: 201, body: await makeOptions(deps, who.actor, { asker, password }) };
    },
  );

/** POST /v1/account/passkeys */
const addRoute = (deps: Deps): Route =>
  route(
    {
      method: "post",
      path: "/v1/account/passkeys",
      summary: "Add a passkey to one's own account; it is a second factor from now on",
      tag: "Sessions",
      access: "session",
      isForEnrolment: true,
      audits: ["user.add_passkey"],
      body: newPasskey,
      bodyLimit: bodyLimits.small,
      answers: { 201: { description: "The account has the passkey", schema: addedPasskey } },
      problems: [
        "passkey_refused",
        "passkey_exists",
        "too_many_passkeys",
        "device_required",
        "forbidden",
      ],
    },
    async ({ who, body, request: { origin } }) => {
      const asker = { thumbprint: who.thumbprint, origin };
      return { status: 201, body: { id: await addPasskey(deps, who.actor, { ...body, asker }) } };
    },
  );

/** GET /v1/account/passkeys */
const listRoute = (deps: Deps): Route =>
  route(
    {
      method: "get",
      path: "/v1/account/passkeys",
      summary: "List the passkeys of one's own account",
      tag: "Sessions",
      access: "session",
      audits: { nothing: "one's own passkeys" },
      answers: { 200: { description: "The oldest first", schema: passkeys } },
      problems: ["forbidden"],
    },
    async ({ who }) => ({
      status: 200,
      body: { passkeys: await listOwnPasskeys(deps, who.actor) },
    }),
  );

/** PUT /v1/account/passkeys/{id} */
const renameRoute = (deps: Deps): Route =>
  route(
    {
      method: "put",
      path: "/v1/account/passkeys/{id}",
      summary: "Give a passkey of one's own account another name",
      tag: "Sessions",
      access: "session",
      audits: ["user.rename_passkey"],
      params: passkeyParams,
      body: passkeyName,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The passkey has the name" } },
      problems: ["passkey_not_found", "forbidden"],
    },
    async ({ who, params, body }) => {
      await renamePasskey(deps, who.actor, { id: params.id, name: body.name });
      return { status: 204 };
    },
  );

/** DELETE /v1/account/passkeys/{id} */
const removeRoute = (deps: Deps): Route =>
  route(
    {
      method: "delete",
      path: "/v1/account/passkeys/{id}",
      summary: "Remove a passkey of one's own account, which ends its other sessions",
      tag: "Sessions",
      access: "session",
      audits: ["user.remove_passkey"],
      params: passkeyParams,
      answers: { 204: { description: "The passkey serves no more" } },
      problems: ["passkey_not_found", "step_up_required", "device_required", "forbidden"],
    },
    async ({ who, params }) => {
      await removeOwnPasskey(deps, who.actor, params.id);
      return { status: 204 };
    },
  );
