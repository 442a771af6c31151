import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiFailure } from '../../src/adapters/kubernetes/api-failure.ts';
import type { Connection } from '../../src/adapters/kubernetes/connection.ts';
import { waitingRequests, type WaitingRequests } from '../../src/cli/waiting-requests.ts';

const FOO = 'example.test/foo';
const condition = (type: string): object => ({ conditions: [{ type, status: 'True' }] });

function request(uid: string, status: object, { signerName = FOO, created = '2026-03-04T12:00:00Z' } = {}): object {
  return { metadata: { name: uid, uid, resourceVersion: '1', creationTimestamp: created }, spec: { signerName, request: '' }, status };
}

function event(uid: string, reason: string, message: string, lastTimestamp: string): object {
  return { metadata: { name: `${uid}.${reason}`, uid: 'e', resourceVersion: '1' }, involvedObject: { uid }, reason, message, lastTimestamp };
}

/** What the command sees of a cluster with these objects; a string is a failure with that status. */
async function seen({ requests, events = [] }: { requests: object[] | number; events?: object[] | number }): Promise<WaitingRequests | null | undefined> {
  const transport = {
    call: async ({ path }: { path: string }) => {
      const items = path.includes('/events') ? events : requests;
      if (typeof items === 'number') throw new ApiFailure(`GET ${path}: no`, { status: items, reason: 'no' });
      return JSON.stringify({ metadata: {}, items });
    },
  };
  const found = await waitingRequests({ transport } as unknown as Connection, [FOO], new AbortController().signal);
  return found === null ? null : found.get(FOO);
}

describe('requests that wait', () => {
  it('are those without an answer, for approval or for a certificate, since the oldest of them', async () => {
    const found = await seen({
      requests: [
        request('a', {}, { created: '2026-03-04T11:59:00Z' }), request('b', condition('Approved')), request('c', condition('Approved'), { created: '2026-03-04T11:00:00Z' }),
        request('d', condition('Denied'), { created: '2026-01-01T00:00:00Z' }), request('e', { ...condition('Approved'), certificate: 'eA==' }), request('f', {}, { signerName: 'example.test/other' }),
      ],
    });
    assert.deepEqual(found, { approval: 1, certificate: 2, since: '2026-03-04T11:00:00Z', why: [] });
  });

  it('are explained by the latest Event of each reason about one of them', async () => {
    const found = await seen({
      requests: [request('a', condition('Approved')), request('b', condition('Approved')), request('c', condition('Failed'))],
      events: [
        event('a', 'LimitReached', 'older', '2026-03-04T12:00:01Z'), event('b', 'LimitReached', 'newer', '2026-03-04T12:01:01Z'), event('a', 'CertificateAuthorityUnavailable', 'down', '2026-03-04T12:00:30Z'),
        event('c', 'CertificateAuthorityExpired', 'of one that has its answer', '2026-03-04T12:09:00Z'), event('a', 'PolicyViolation', 'no reason to wait', '2026-03-04T12:09:00Z'),
      ],
    });
    assert.deepEqual(found?.why, ['newer', 'down']);
  });

  it('are counted without a reason for whoever may not read Events, and not known to whoever may not list requests', async () => {
    assert.deepEqual(await seen({ requests: [request('a', {})], events: 403 }), { approval: 1, certificate: 0, since: '2026-03-04T12:00:00Z', why: [] });
    assert.equal(await seen({ requests: 403 }), null);
    await assert.rejects(seen({ requests: 500 }), /no/);
  });
});
