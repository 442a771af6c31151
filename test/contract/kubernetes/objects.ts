import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '../client.ts';
import { ABSENT, at, holds, textOf } from '../holds.ts';
import { create, namespace, ok } from './world.ts';

/** Create, get, update, delete: what holds for every kind, told with ConfigMaps. */
export function objectsContract(use: () => Client): void {
  describe('objects', () => {
    it('a created object has a uid, a resourceVersion and a time, and is read back the same', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const made = await client.call('POST', path, { body: { metadata: { name: 'one', labels: { app: 'x' } }, data: { key: 'value' } } });
      holds(made, {
        status: 201,
        body: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'one', uid: /^[0-9a-f-]{36}$/, resourceVersion: /^\d+$/, creationTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, labels: { app: 'x' } }, data: { key: 'value' } },
      });
      assert.deepEqual(ok(await client.call('GET', `${path}/one`)), made.body);
    });

    it('a name that is taken is 409 AlreadyExists, another one is not', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      await create(client, path, { metadata: { name: 'one' } });
      holds(await client.call('POST', path, { body: { metadata: { name: 'one' } } }), {
        status: 409, body: { kind: 'Status', status: 'Failure', reason: 'AlreadyExists', message: 'configmaps "one" already exists', details: { name: 'one', kind: 'configmaps' }, code: 409 },
      });
      holds(await client.call('POST', path, { body: { metadata: { name: 'two' } } }), { status: 201 });
    });

    it('generateName gives a name of its own to each, and name wins over it', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const [one, two] = [await create(client, path, { metadata: { generateName: 'g-' } }), await create(client, path, { metadata: { generateName: 'g-' } })];
      assert.match(textOf(one, 'metadata.name'), /^g-[a-z0-9]{5}$/);
      assert.notEqual(at(one, 'metadata.name'), at(two, 'metadata.name'));
      holds(await create(client, path, { metadata: { generateName: 'g-', name: 'named' } }), { metadata: { name: 'named', generateName: 'g-' } });
    });

    it('an object that is not there is 404, and says which', async () => {
      const client = use();
      const home = await namespace(client);
      for (const method of ['GET', 'DELETE']) {
        holds(await client.call(method, `/api/v1/namespaces/${home}/secrets/none`), {
          status: 404, body: { kind: 'Status', reason: 'NotFound', message: 'secrets "none" not found', details: { name: 'none', kind: 'secrets' }, code: 404 },
        });
      }
      holds(await client.call('PUT', `/api/v1/namespaces/${home}/secrets/none`, { body: { metadata: { name: 'none' } } }), { status: 404 });
    });

    it('an object in a namespace that is not there is 404 for the namespace', async () => {
      const client = use();
      const missing = client.unique('missing');
      holds(await client.call('POST', `/api/v1/namespaces/${missing}/configmaps`, { body: { metadata: { name: 'one' } } }), { status: 404, body: { message: `namespaces "${missing}" not found` } });
    });

    it('an update with the resourceVersion it read is taken, with an older one it is 409 and changes nothing', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps/one`;
      const first = await create(client, path.replace(/\/one$/, ''), { metadata: { name: 'one' }, data: { n: '1' } });
      const body = (n: string, resourceVersion: unknown) => ({ metadata: { name: 'one', resourceVersion }, data: { n } });
      const second = ok(await client.call('PUT', path, { body: body('2', at(first, 'metadata.resourceVersion')) }));
      assert.notEqual(at(second, 'metadata.resourceVersion'), at(first, 'metadata.resourceVersion'));
      holds(await client.call('PUT', path, { body: body('3', at(first, 'metadata.resourceVersion')) }), {
        status: 409,
        body: { reason: 'Conflict', message: 'Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again' },
      });
      holds(ok(await client.call('GET', path)), { data: { n: '2' } });
    });

    it('an update without a resourceVersion is unconditional, and one that changes nothing keeps the version', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps/one`;
      await create(client, path.replace(/\/one$/, ''), { metadata: { name: 'one' }, data: { n: '1' } });
      const second = ok(await client.call('PUT', path, { body: { metadata: { name: 'one' }, data: { n: '2' } } }));
      const third = ok(await client.call('PUT', path, { body: { metadata: { name: 'one' }, data: { n: '2' } } }));
      assert.equal(at(third, 'metadata.resourceVersion'), at(second, 'metadata.resourceVersion'));
    });

    it('an update under another uid is 409, and what the server owns does not change', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps/one`;
      const made = await create(client, path.replace(/\/one$/, ''), { metadata: { name: 'one' } });
      holds(await client.call('PUT', path, { body: { metadata: { name: 'one', uid: 'another' } } }), { status: 409, body: { reason: 'Conflict', message: /Precondition failed: UID in precondition: another/ } });
      const updated = ok(await client.call('PUT', path, { body: { metadata: { name: 'one', creationTimestamp: '2001-01-01T00:00:00Z' }, data: { a: 'b' } } }));
      holds(updated, { metadata: { uid: at(made, 'metadata.uid'), creationTimestamp: at(made, 'metadata.creationTimestamp') } });
    });

    it('name and namespace of a body must be those of the path', async () => {
      const client = use();
      const home = await namespace(client);
      const path = `/api/v1/namespaces/${home}/configmaps`;
      await create(client, path, { metadata: { name: 'one' } });
      holds(await client.call('PUT', `${path}/one`, { body: { metadata: { name: 'two' } } }), { status: 400, body: { reason: 'BadRequest', message: 'the name of the object (two) does not match the name on the URL (one)' } });
      holds(await client.call('POST', path, { body: { metadata: { name: 'two', namespace: 'default' } } }), { status: 400, body: { message: /the namespace of the provided object does not match the namespace sent on the request/ } });
      holds(await client.call('POST', path, { body: { metadata: { name: 'two', namespace: home } } }), { status: 201 });
    });

    it('a body of another kind or version, or of none, is 400', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      holds(await client.call('POST', path, { body: { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'one' } } }), { status: 400, body: { reason: 'BadRequest', message: /cannot be handled as a ConfigMap/ } });
      holds(await client.call('POST', path, { body: '{' }), { status: 400 });
      holds(await client.call('POST', path, { body: { metadata: { name: 'one' }, data: { number: 1 } } }), { status: 400, body: { message: /ConfigMap/ } });
      holds(await client.call('POST', path, { body: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'one' }, data: { number: '1' } } }), { status: 201 });
    });

    it('a body in YAML is read, one in another format is 415', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      holds(await client.call('POST', path, { body: 'metadata: {name: one}\ndata: {a: b}\n', type: 'application/yaml' }), { status: 201, body: { data: { a: 'b' } } });
      holds(await client.call('POST', path, { body: 'x', type: 'text/plain' }), { status: 415, body: { reason: 'UnsupportedMediaType' } });
    });

    it('an answer is YAML if asked, and 406 if asked for what there is not', async () => {
      const client = use();
      holds(await client.call('GET', '/api/v1/namespaces/default', { accept: 'application/yaml' }), { status: 200, body: /^apiVersion: v1$/m });
      holds(await client.call('GET', '/api/v1/namespaces/default', { accept: 'text/html' }), { status: 406, body: { reason: 'NotAcceptable' } });
    });

    it('an unknown field is dropped with a warning, refused when validation is strict, dropped silently when ignored', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const body = (name: string) => ({ metadata: { name }, dota: { a: 'b' } });
      holds(await client.call('POST', path, { body: body('warned') }), { status: 201, body: { dota: ABSENT }, headers: { warning: /unknown field \\?"dota\\?"/ } });
      holds(await client.call('POST', `${path}?fieldValidation=Strict`, { body: body('strict') }), { status: 400, body: { message: /strict decoding error: unknown field "dota"/ } });
      holds(await client.call('POST', `${path}?fieldValidation=Ignore`, { body: body('ignored') }), { status: 201, body: { dota: ABSENT }, headers: { warning: ABSENT } });
    });

    it('a dry run answers as if, and stores nothing', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      holds(await client.call('POST', `${path}?dryRun=All`, { body: { metadata: { name: 'one' } } }), { status: 201, body: { metadata: { name: 'one' } } });
      holds(await client.call('GET', `${path}/one`), { status: 404 });
      await create(client, path, { metadata: { name: 'one' } });
      holds(await client.call('PUT', `${path}/one?dryRun=All`, { body: { metadata: { name: 'one' }, data: { a: 'b' } } }), { status: 200, body: { data: { a: 'b' } } });
      holds(await client.call('DELETE', `${path}/one?dryRun=All`), { status: 200 });
      holds(await client.call('GET', `${path}/one`), { status: 200, body: { data: ABSENT } });
      holds(await client.call('POST', `${path}?dryRun=Some`, { body: { metadata: { name: 'two' } } }), { status: 422 });
    });

    it('a deletion says what it deleted and is final', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const made = await create(client, path, { metadata: { name: 'one' } });
      holds(await client.call('DELETE', `${path}/one`), { status: 200, body: { kind: 'Status', status: 'Success', details: { name: 'one', kind: 'configmaps', uid: at(made, 'metadata.uid') } } });
      holds(await client.call('GET', `${path}/one`), { status: 404 });
    });

    it('a deletion with a precondition that does not hold is 409, with one that holds it is done', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const made = await create(client, path, { metadata: { name: 'one' } });
      const options = (preconditions: unknown) => ({ body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions } });
      holds(await client.call('DELETE', `${path}/one`, options({ uid: 'another' })), { status: 409, body: { reason: 'Conflict' } });
      holds(await client.call('DELETE', `${path}/one`, options({ resourceVersion: '1' })), { status: 409, body: { reason: 'Conflict' } });
      holds(await client.call('DELETE', `${path}/one`, options({ uid: at(made, 'metadata.uid'), resourceVersion: at(made, 'metadata.resourceVersion') })), { status: 200 });
    });

    it('a finalizer holds a deleted object until it is taken off', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      await create(client, path, { metadata: { name: 'one', finalizers: ['example.com/hold'] } });
      holds(await client.call('DELETE', `${path}/one`), { status: 200 });
      const held = ok(await client.call('GET', `${path}/one`));
      holds(held, { metadata: { deletionTimestamp: /Z$/, finalizers: ['example.com/hold'] } });
      holds(await client.call('PUT', `${path}/one`, { body: { metadata: { name: 'one' } } }), { status: 200 });
      holds(await client.call('GET', `${path}/one`), { status: 404 });
    });

    it('a collection is deleted by selector', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      for (const [name, app] of [['a', 'x'], ['b', 'x'], ['c', 'y']]) await create(client, path, { metadata: { name, labels: { app } } });
      holds(await client.call('DELETE', `${path}?labelSelector=app%3Dx`), { status: 200 });
      const left = ok(await client.call('GET', path));
      assert.deepEqual((at(left, 'items') as unknown[]).map((item) => at(item, 'metadata.name')).filter((name) => name !== 'kube-root-ca.crt'), ['c']);
    });

    it('bad names, labels and annotations are 422 with the field', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const refused = async (metadata: unknown, field: string) =>
        holds(await client.call('POST', path, { body: { metadata } }), { status: 422, body: { reason: 'Invalid', details: { kind: 'ConfigMap', causes: [{ field }] } } });
      await refused({ name: 'Upper' }, 'metadata.name');
      await refused({}, 'metadata.name');
      await refused({ name: 'one', labels: { 'a b': 'x' } }, 'metadata.labels');
      await refused({ name: 'one', labels: { a: 'x y' } }, 'metadata.labels');
      await refused({ name: 'one', annotations: { 'a b': 'x' } }, 'metadata.annotations');
      await refused({ name: 'one', annotations: { a: 'x'.repeat(256 * 1024) } }, 'metadata.annotations');
      holds(await client.call('POST', path, { body: { metadata: { name: 'one.two-3', labels: { 'example.com/a': 'X_1' }, annotations: { 'Example.com/A': 'x y' } } } }), { status: 201 });
    });

    it('a body beyond the limit is 413, one below it is not', async () => {
      const client = use();
      const path = `/api/v1/namespaces/${await namespace(client)}/configmaps`;
      const body = (size: number) => ({ metadata: { name: 'one' }, data: { a: 'x'.repeat(size) } });
      holds(await client.call('POST', path, { body: body(3.2 * 1024 * 1024) }), { status: 413, body: { reason: 'RequestEntityTooLarge' } });
      holds(await client.call('POST', path, { body: body(900 * 1024) }), { status: 201 });
    });
  });
}
