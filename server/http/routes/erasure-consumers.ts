import { webhookSecret } from "../../../contract/alerts.ts";
import {
  consumerParams,
  erasureConsumers,
  newErasureConsumer,
} from "../../../contract/erasures.ts";
import type { NewId } from "../../../crypto/wire/ids.ts";
import { webhookSecretText } from "../../../identity/alerts/webhook/webhook-secret.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { DestroyDeps } from "../../../keys/at-rest/destroy.ts";
import type { SubjectKeys } from "../../../keys/at-rest/subject-keys.ts";
import type { OutgoingReach } from "../../../keys/environment/outgoing-reach.ts";
import {
  addConsumer,
  listConsumers,
  removeConsumer,
} from "../../../workflows/erasure/consumers/change-consumers.ts";
import { bodyLimits } from "../../limits.ts";
import { route, type Route } from "../route.ts";

interface Deps extends UseCase {
  readonly newId: NewId;
  readonly subjects: SubjectKeys;
  readonly reach: OutgoingReach;
  /** Destroys the key of a removed consumer's secret. */
  readonly destroying: DestroyDeps;
}

const path = "/v1/erasure-consumers";
const common = { tag: "Erasures", access: "session" } as const;
const changing = ["forbidden", "device_required", "step_up_required"] as const;

/** The routes of the systems that are told of each erasure. */
export const erasureConsumerRoutes = (deps: Deps): readonly Route[] => [
  route(
    {
      ...common,
      path,
      method: "get",
      summary: "List the systems that are told of each erasure",
      audits: ["erasure.list_consumers"],
      answers: { 200: { description: "Their names", schema: erasureConsumers } },
      problems: ["forbidden"],
    },
    async ({ who: { actor } }) => ({
      status: 200,
      body: { consumers: [...(await listConsumers(deps, { actor }))] },
    }),
  ),
  route(
    {
      ...common,
      path,
      method: "post",
      summary: "Add a system that is told of each erasure from now on",
      audits: ["erasure.add_consumer"],
      body: newErasureConsumer,
      bodyLimit: bodyLimits.small,
      answers: {
        201: {
          description: "The secret that signs its events, which is not shown again",
          schema: webhookSecret,
        },
      },
      problems: [...changing, "invalid_consumer", "too_many_consumers"],
    },
    async ({ who: { actor }, body }) => ({
      status: 201,
      body: { secret: webhookSecretText(await addConsumer(deps, { actor }, body)) },
    }),
  ),
  route(
    {
      ...common,
      path: `${path}/{name}`,
      method: "delete",
      summary: "Remove a system. Erasures that run do not wait for it any more",
      audits: ["keys.destroy", "erasure.remove_consumer"],
      params: consumerParams,
      answers: { 204: { description: "It is told of no further erasure" } },
      problems: [...changing, "consumer_not_found"],
    },
    async ({ who: { actor }, params: { name } }) => {
      await removeConsumer({ ...deps, ...deps.destroying }, { actor }, name);
      return { status: 204 };
    },
  ),
];
