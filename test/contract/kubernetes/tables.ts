import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { at, holds } from '../holds.ts';
import { base64, create, csr, CSRS, MERGE, namespace, ok } from './world.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** What `kubectl get` is answered with. */
export function tablesContract(use: () => Client): void {
  describe('tables', () => {
    it('have the columns that kubectl get prints, and further ones for -o wide', async () => {
      const client = use();
      const home = await namespace(client);
      const bindings = ['Users', 'Groups', 'ServiceAccounts'];
      const expected: readonly [string, string[], string[]][] = [
        [CSRS, ['Name', 'Age', 'SignerName', 'Requestor', 'RequestedDuration', 'Condition'], []],
        [`/api/v1/namespaces/${home}/secrets`, ['Name', 'Type', 'Data', 'Age'], []],
        [`/api/v1/namespaces/${home}/configmaps`, ['Name', 'Data', 'Age'], []],
        [`/api/v1/namespaces/${home}/serviceaccounts`, ['Name', 'Age'], []],
        ['/api/v1/namespaces', ['Name', 'Status', 'Age'], []],
        [`/api/v1/namespaces/${home}/events`, ['Last Seen', 'Type', 'Reason', 'Object', 'Message'], ['Subobject', 'Source', 'First Seen', 'Count', 'Name']],
        [`${RBAC}/clusterroles`, ['Name', 'Created At'], []],
        [`${RBAC}/clusterrolebindings`, ['Name', 'Role', 'Age'], bindings],
        [`${RBAC}/namespaces/${home}/roles`, ['Name', 'Created At'], []],
        [`${RBAC}/namespaces/${home}/rolebindings`, ['Name', 'Role', 'Age'], bindings],
      ];
      for (const [path, narrow, more] of expected) {
        const table = ok(await client.call('GET', path, { accept: TABLE }));
        holds(table, { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: /^\d+$/ } });
        assert.deepEqual(columns(table, 0), narrow, path);
        assert.deepEqual(columns(table, 1), more, path);
      }
    });

    it('show a certificate request as it goes through its states', async () => {
      const client = use();
      const path = await csr(client, { spec: { expirationSeconds: 7200 } });
      const name = path.split('/').at(-1);
      const row = async () => at(ok(await client.call('GET', path, { accept: TABLE })), 'rows.0');
      holds(await row(), { cells: [name, /^\d+s$/, 'example.com/signer', 'admin', '120m', 'Pending'], object: { kind: 'PartialObjectMetadata', metadata: { name } } });
      ok(await client.call('PATCH', `${path}/approval`, { body: { status: { conditions: [{ type: 'Approved', status: 'True' }] } }, type: MERGE }));
      holds(await row(), { cells: [name, /s$/, /./, /./, '120m', 'Approved'] });
      ok(await client.call('PATCH', `${path}/status`, { body: { status: { conditions: [{ type: 'Approved', status: 'True' }, { type: 'Failed', status: 'True' }] } }, type: MERGE }));
      holds(await row(), { cells: [name, /s$/, /./, /./, '120m', 'Approved,Failed'] });
      const plain = await csr(client);
      holds(at(ok(await client.call('GET', plain, { accept: TABLE })), 'rows.0.cells.4'), '<none>');
    });

    it('show numbers, texts and ages of other kinds', async () => {
      const client = use();
      const home = await namespace(client);
      await create(client, `/api/v1/namespaces/${home}/secrets`, { metadata: { name: 's' }, data: { a: base64('x'), b: base64('y') } });
      await create(client, `/api/v1/namespaces/${home}/events`, {
        metadata: { name: 'e' }, involvedObject: { kind: 'Secret', name: 's', namespace: home }, reason: 'Because', message: 'so ', type: 'Normal', count: 3,
        source: { component: 'me', host: 'here' }, lastTimestamp: new Date().toISOString().slice(0, 19) + 'Z',
      });
      holds(await row(client, `/api/v1/namespaces/${home}/secrets`), ['s', 'Opaque', 2, /^\d+s$/]);
      holds(await row(client, `/api/v1/namespaces/${home}`), [home, 'Active', /^\d+s$/]);
      holds(await row(client, `/api/v1/namespaces/${home}/events`), [/^\d+s$/, 'Normal', 'Because', 'secret/s', '', 'me, here', 'so', '<unknown>', 3, 'e']);
      const subjects = [{ kind: 'User', name: 'jo' }, { kind: 'User', name: 'al' }, { kind: 'ServiceAccount', name: 'sa', namespace: 'ns' }];
      await create(client, `${RBAC}/namespaces/${home}/rolebindings`, { metadata: { name: 'b' }, roleRef: { kind: 'Role', name: 'r' }, subjects });
      holds(await row(client, `${RBAC}/namespaces/${home}/rolebindings`), ['b', 'Role/r', /s$/, 'jo, al', '', 'ns/sa']);
    });

    it('hold as much of the object as is asked for', async () => {
      const client = use();
      const object = async (include: string) => at(ok(await client.call('GET', `/api/v1/namespaces/default?includeObject=${include}`, { accept: TABLE })), 'rows.0.object');
      assert.equal(await object('None'), null);
      holds(await object('Metadata'), { kind: 'PartialObjectMetadata', metadata: { name: 'default' } });
      holds(await object('Object'), { kind: 'Namespace', status: { phase: 'Active' } });
    });

    it('come as watch events, with the columns in the first one only', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/secrets`;
      for (const name of ['a', 'b']) await create(client, path, { metadata: { name } });
      await using watch = await client.watch(`${path}?watch=true`, { accept: TABLE });
      holds(await watch.next(), { type: 'ADDED', object: { kind: 'Table', columnDefinitions: [{ name: 'Name' }, {}, {}, {}] } });
      holds(await watch.next(), { type: 'ADDED', object: { kind: 'Table', columnDefinitions: null, rows: [{}] } });
    });

    it('metadata alone is to be had of an object and of a list', async () => {
      const client = use();
      holds(await client.call('GET', '/api/v1/namespaces/default', { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }), { status: 200, body: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'default' } } });
      const list = ok(await client.call('GET', '/api/v1/namespaces', { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' }));
      holds(list, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: /^\d+$/ } });
      assert.deepEqual([...new Set((at(list, 'items') as unknown[]).flatMap((item) => Object.keys(item as object)))].sort(), ['apiVersion', 'kind', 'metadata']);
    });
  });
}

function columns(table: unknown, priority: number): readonly unknown[] {
  return (at(table, 'columnDefinitions') as unknown[]).filter((column) => at(column, 'priority') === priority).map((column) => at(column, 'name'));
}

async function row(client: Client, path: string): Promise<unknown> {
  return at(ok(await client.call('GET', path, { accept: TABLE })), 'rows.0.cells');
}
