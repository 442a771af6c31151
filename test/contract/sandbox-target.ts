import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Target } from './client.ts';

/** The sandbox as an API server under test. */
export async function sandboxTarget(): Promise<Target> {
  const sandbox = await startSandbox();
  return {
    url: sandbox.url,
    ca: sandbox.ca,
    adminToken: sandbox.token({ user: 'admin', groups: ['system:masters'] }),
    forget: () => Promise.resolve(sandbox.store.compact()),
    stop: () => sandbox.stop(),
  };
}
