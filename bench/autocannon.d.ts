// Types for the parts of autocannon that the benchmark uses. The package has none.
declare module 'autocannon' {
  interface Request {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string;
    setupRequest?: (request: Request) => Request;
  }

  interface Options {
    url: string;
    connections: number;
    /** Seconds. */
    duration?: number;
    /** Requests, instead of a duration. */
    amount?: number;
    /** Seconds until a request counts as an error. */
    timeout?: number;
    /** Milliseconds between two checks whether the run has ended. */
    sampleInt?: number;
    requests: Request[];
  }

  interface Result {
    requests: { total: number };
    /** Milliseconds. */
    latency: { p50: number; p99: number };
    errors: number;
    statusCodeStats: Record<string, { count: number }>;
  }

  function autocannon(options: Options): Promise<Result>;

  namespace autocannon {
    export type { Options, Request, Result };
  }

  export default autocannon;
}
