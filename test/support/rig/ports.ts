import { createServer } from 'node:net';

// Below 32768, where Linux takes the local ports of outgoing connections from: a port stays free between being
// chosen and being listened on, and while its owner is down for a restart.
const lowest = 20_000;
const highest = 32_000;

/** `count` different TCP ports that nobody listens on at 127.0.0.1. Random, for several runs choose at once. */
export async function freePorts(count: number, { random = Math.random }: { random?: () => number } = {}): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; found.size < count; attempt++) {
    if (attempt > 1_000) throw new Error(`found ${found.size} of ${count} free ports between ${lowest} and ${highest}`);
    const port = lowest + Math.floor(random() * (highest - lowest));
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
