/** Sends the request of a route for which everything is arranged. */
export type Act = () => Promise<{ readonly status: number }>;
