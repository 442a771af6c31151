import { startControlPlane } from '../support/rig/apiserver.ts';
import { signerContract } from './signer.contract.ts';

signerContract('Signet on kube-apiserver', async () => {
  const plane = await startControlPlane();
  return {
    url: plane.url,
    ca: plane.caPem,
    adminToken: plane.adminToken,
    forget: () => Promise.reject(new Error('this suite compacts nothing')),
    stop: async () => plane[Symbol.asyncDispose](),
  };
});
