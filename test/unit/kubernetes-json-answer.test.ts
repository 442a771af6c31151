import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayAccess } from '../../src/adapters/kubernetes/access-review.ts';
import { ApiFailure } from '../../src/adapters/kubernetes/api-failure.ts';
import type { Connection } from '../../src/adapters/kubernetes/connection.ts';
import { readOne } from '../../src/adapters/kubernetes/read-one.ts';
import { servedVersion } from '../../src/adapters/kubernetes/served-version.ts';
import { Unavailable } from '../../src/control/errors.ts';

const NEVER = new AbortController().signal;
const answering = (body: string): Connection => ({ transport: { call: () => Promise.resolve(body) } }) as unknown as Connection;
const isTrouble = (error: unknown): boolean => error instanceof ApiFailure && error.status === 0 && /^GET .*: the answer is not JSON$/.test(error.message);

test('a page of a proxy in the place of an answer is trouble that passes, and no bug', async () => {
  const page = answering('<html>not now</html>');
  await assert.rejects(readOne(page, '/api/v1/namespaces/a/secrets', 'b', NEVER), isTrouble);
  await assert.rejects(servedVersion(page, { group: 'cert-manager.io', plural: 'issuers' }, NEVER), isTrouble);
  await assert.rejects(mayAccess(page, { username: 'alice', uid: '', groups: [] }, { group: '', resource: 'secrets', verb: 'get', namespace: 'a', name: 'b' }, NEVER), Unavailable);
});

test('an answer is read', async () => {
  assert.deepEqual(await readOne(answering('{"metadata":{"name":"b"}}'), '/api/v1/namespaces/a/secrets', 'b', NEVER), { metadata: { name: 'b' } });
  assert.equal(await servedVersion(answering('{"versions":[{"version":"v1"}],"resources":[{"name":"issuers"}]}'), { group: 'cert-manager.io', plural: 'issuers' }, NEVER), 'v1');
});
