type Listen = (type: "online", listener: () => void) => void;

/**
 * Calls back when a browser says that the network is there again. Elsewhere nobody says so.
 * @returns what ends it
 */
export function whenOnline(callback: () => void): () => void {
  const { addEventListener: listen, removeEventListener: unlisten } = globalThis as {
    readonly addEventListener?: Listen;
    readonly removeEventListener?: Listen;
  };
  listen?.call(globalThis, "online", callback);
  return () => unlisten?.call(globalThis, "online", callback);
}
