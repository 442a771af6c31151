import { after, before, describe } from 'node:test';
import { connectTo, type Client, type Target } from './client.ts';
import { objectsContract } from './kubernetes/objects.ts';

/** What Signet believes of a Kubernetes API server, told to whichever `open` starts: the sandbox and the real one. */
export function kubernetesContract(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target | undefined;
    let client: Client | undefined;
    const use = () => client ?? fail();
    before(async () => {
      target = await open();
      client = connectTo(target);
    });
    after(async () => {
      await client?.[Symbol.asyncDispose]();
      await target?.stop();
    });

    objectsContract(use);
  });
}

function fail(): never {
  throw new Error('the API server did not start: its own error stands above');
}
