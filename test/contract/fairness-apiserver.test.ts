import { startControlPlane } from '../support/rig/apiserver.ts';
import { fairnessContract } from './fairness.contract.ts';

fairnessContract('What one tenant costs another, on kube-apiserver', async () => {
  const plane = await startControlPlane();
  return {
    url: plane.url,
    ca: plane.caPem,
    adminToken: plane.adminToken,
    forget: () => Promise.reject(new Error('this suite compacts nothing')),
    stop: async () => plane[Symbol.asyncDispose](),
  };
}, { flood: Number(process.env['SIGNET_FLOOD'] ?? 600) });
