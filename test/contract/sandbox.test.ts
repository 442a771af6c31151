import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { kubernetesContract } from './kubernetes.contract.ts';

kubernetesContract('the sandbox is a Kubernetes API', async () => {
  const sandbox = await startSandbox();
  return {
    url: sandbox.url,
    ca: sandbox.ca,
    adminToken: sandbox.token({ user: 'admin', groups: ['system:masters'] }),
    forget: () => Promise.resolve(sandbox.store.compact()),
    stop: () => sandbox.stop(),
  };
});
