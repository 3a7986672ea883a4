import { SealdeskError } from "./errors.ts";

/**
 * Loads the part of the SDK that most pages never call: see `on-demand.ts`.
 * @throws SealdeskError network: the page could not fetch it
 */
export const loadOnDemand = () =>
  import("./on-demand.ts").catch((cause: unknown) => {
    throw new SealdeskError("network", "A part of the SDK did not load. Try again.", { cause });
  });
