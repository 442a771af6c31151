import type { Server } from 'node:http';

const CLOSE_GRACE_MS = 1_000;

/** Takes no new connection, lets the answers that are under way go out, and ends the rest after a second. */
export async function close(server: Pick<Server, 'close' | 'closeIdleConnections' | 'closeAllConnections'>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(impatience);
}
