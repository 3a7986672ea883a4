type Listen = (type: "online", listener: () => void) => void;

/**
 * Calls back when the browser reports that the network is available again. Other platforms do not
 * report it.
 * @returns a function that stops it
 */
export function whenOnline(callback: () => void): () => void {
  const { addEventListener: listen, removeEventListener: unlisten } = globalThis as {
    readonly addEventListener?: Listen;
    readonly removeEventListener?: Listen;
  };
  listen?.call(globalThis, "online", callback);
  return () => unlisten?.call(globalThis, "online", callback);
}
