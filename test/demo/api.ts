import { createServer } from 'node:http';

export interface Api {
  readonly url: string;
  /** The Authorization header of each request, in order. */
  readonly seen: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** Starts a small HTTP API on loopback that wants `token` as a bearer token. */
export async function startApi(token: string): Promise<Api> {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const allowed = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' });
    // A careless server that repeats what it was given: the session has to mask that, too.
    response.end(`${JSON.stringify({ allowed, authorization: request.headers.authorization })}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the API has no port');
  return {
    url: `http://127.0.0.1:${String(address.port)}/`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
