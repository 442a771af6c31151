import { after, before, describe } from 'node:test';
import { connectTo, type Client, type Target } from './client.ts';
import { accessContract } from './kubernetes/access.ts';
import { certificateRequestsContract } from './kubernetes/certificate-requests.ts';
import { decisionsContract } from './kubernetes/decisions.ts';
import { historyContract } from './kubernetes/history.ts';
import { kindsContract } from './kubernetes/kinds.ts';
import { listsContract } from './kubernetes/lists.ts';
import { objectsContract } from './kubernetes/objects.ts';
import { patchesContract } from './kubernetes/patches.ts';
import { pathsContract } from './kubernetes/paths.ts';
import { tablesContract } from './kubernetes/tables.ts';
import { watchesContract } from './kubernetes/watches.ts';

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

    pathsContract(use);
    objectsContract(use);
    listsContract(use);
    watchesContract(use);
    patchesContract(use);
    kindsContract(use);
    certificateRequestsContract(use);
    decisionsContract(use);
    accessContract(use);
    tablesContract(use);
    historyContract(use, () => target ?? fail());
  });
}

function fail(): never {
  throw new Error('the API server did not start: its own error stands above');
}
