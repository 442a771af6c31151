import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { signerContract } from './signer.contract.ts';

signerContract('Signet on the sandbox', async () => {
  const sandbox = await startSandbox();
  return {
    url: sandbox.url,
    ca: sandbox.ca,
    adminToken: sandbox.token({ user: 'admin', groups: ['system:masters'] }),
    forget: () => Promise.resolve(sandbox.store.compact()),
    stop: () => sandbox.stop(),
  };
});
