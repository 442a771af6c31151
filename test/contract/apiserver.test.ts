import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { kubernetesContract } from './kubernetes.contract.ts';

kubernetesContract('kube-apiserver is a Kubernetes API', async () => {
  const plane = await startControlPlane();
  return { url: plane.url, ca: plane.caPem, adminToken: plane.adminToken, forget: () => forget(plane), stop: async () => plane[Symbol.asyncDispose]() };
});

/** etcd forgets every old revision, asked over its JSON gateway, and a new API server has no cache of them. */
async function forget(plane: ControlPlane): Promise<void> {
  const url = /--listen-client-urls (\S+)/.exec(await readFile(plane.etcd.log, 'utf8'))?.[1];
  assert.ok(url !== undefined, `${plane.etcd.log} does not begin with the command line of etcd`);
  const post = async (path: string, body: unknown) => (await request(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })).body.json();
  const status = (await post('/v3/maintenance/status', {})) as { header: { revision: string } };
  await post('/v3/kv/compaction', { revision: status.header.revision, physical: true });
  await plane.restart();
}
