import { startControlPlane } from '../support/rig/apiserver.ts';
import { kubernetesContract } from './kubernetes.contract.ts';

kubernetesContract('kube-apiserver is a Kubernetes API', async () => {
  const plane = await startControlPlane();
  return { url: plane.url, ca: plane.caPem, adminToken: plane.adminToken, stop: () => plane[Symbol.asyncDispose]() };
});
