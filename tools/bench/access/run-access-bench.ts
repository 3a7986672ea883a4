import { closing } from "../closing.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { measureDecisions } from "./measure-decisions.ts";
import { measureLists } from "./measure-lists.ts";
import { measureReach } from "./measure-reach.ts";
import { measureNames, measureSignIns } from "./measure-sign-ins.ts";
import { openSite } from "./site.ts";

const CONVERSATIONS = 100_000;

/**
 * Measures decisions, lists through conditions beside the same statement without them, sign-ins beside bare
 * Argon2id, and how fast a change of the policy and the end of a session reach two nodes.
 */
export const runAccessBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const decisions = measureDecisions(scale.seconds / 3);
    progress(`a decision takes ${decisions.versionMicros} us`);
    const site = await openSite(started);
    const turns = Math.max(3, Math.round(100 * scale.share));
    const lists = await measureLists(site, Math.round(CONVERSATIONS * scale.share), turns);
    progress(`a page through conditions takes ${lists.ratio} times as long as without`);
    const signIns = await measureSignIns(site, scale.seconds);
    const names = await measureNames(site, turns);
    progress(`${signIns.perSecond} sign-ins/s`);
    const reach = await measureReach(site, Math.max(2, Math.round(10 * scale.share)));
    return {
      figures: { ...scale, decisions, lists, signIns, names, reach },
      table: [
        ["what", "figure"],
        [
          "decision: default rules, with a version's conditions, first of an actor, us",
          `${decisions.defaultMicros} / ${decisions.versionMicros} / ${decisions.firstMicros}`,
        ],
        [
          `page of 50 of ${lists.conversations} conversations, without and with conditions, ms`,
          `${lists.plainMs} / ${lists.allowedMs}`,
        ],
        [
          "sign-ins a second, and bare Argon2id",
          `${signIns.perSecond} / ${signIns.bareArgon2PerSecond}`,
        ],
        [
          "refused sign-in: known account, another, unknown, ms",
          `${names.knownMs} / ${names.otherKnownMs} / ${names.unknownMs}`,
        ],
        ["a version of the policy reaches two nodes, ms", reach.policyMs],
        ["the end of a session reaches two nodes, ms", reach.revocationMs],
      ],
      goals: [
        {
          name: "time of a page beside the same without conditions",
          value: lists.ratio,
          atMost: 1.3,
        },
        {
          name: "ms until the end of a session reaches two nodes",
          value: reach.revocationMs,
          atMost: 1_000,
        },
      ],
    };
  });
