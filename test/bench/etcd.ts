import type { ControlPlane } from '../support/rig/apiserver.ts';

/** etcd as its own HTTP gateway shows it, for filling a cluster in seconds with what would take the API minutes. */
export interface Etcd {
  get(key: string): Promise<Buffer>;
  put(entries: readonly (readonly [key: string, value: Buffer])[]): Promise<void>;
  deletePrefix(prefix: string): Promise<void>;
}

/** etcd takes no more operations than this in one transaction (--max-txn-ops). */
export const MAX_OPERATIONS = 128;

export function etcdOf({ etcd }: ControlPlane): Etcd {
  const url = /--listen-client-urls (\S+)/.exec(etcd.output())?.[1];
  if (url === undefined) throw new Error('the log of etcd does not say where it listens');
  const call = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`);
    return answer.json();
  };
  return {
    get: async (key) => {
      const { kvs = [] } = (await call('range', { key: base64(key) })) as { kvs?: { value: string }[] };
      if (kvs[0] === undefined) throw new Error(`etcd has no ${key}`);
      return Buffer.from(kvs[0].value, 'base64');
    },
    put: async (entries) => {
      await call('txn', { success: entries.map(([key, value]) => ({ requestPut: { key: base64(key), value: value.toString('base64') } })) });
    },
    deletePrefix: async (prefix) => {
      await call('deleterange', { key: base64(prefix), range_end: base64(`${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`) });
    },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
