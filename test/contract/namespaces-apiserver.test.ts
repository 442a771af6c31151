import { startControlPlane } from '../support/rig/apiserver.ts';
import { namespacesContract } from './namespaces.contract.ts';

namespacesContract('labels of namespaces on kube-apiserver', async () => {
  const plane = await startControlPlane();
  return {
    url: plane.url,
    ca: plane.caPem,
    adminToken: plane.adminToken,
    forget: () => Promise.reject(new Error('this suite compacts nothing')),
    stop: async () => plane[Symbol.asyncDispose](),
  };
});
