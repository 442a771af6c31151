import { startControlPlane } from '../support/rig/apiserver.ts';
import type { Target } from './client.ts';

/** A real API server under test, for suites that make it forget nothing. */
export async function apiserverTarget(): Promise<Target> {
  const plane = await startControlPlane();
  return {
    url: plane.url,
    ca: plane.caPem,
    adminToken: plane.adminToken,
    forget: () => Promise.reject(new Error('this suite compacts nothing')),
    stop: async () => plane[Symbol.asyncDispose](),
  };
}
