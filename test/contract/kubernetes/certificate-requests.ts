import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { printableString } from '../../../src/core/der-writer.ts';
import { OID } from '../../../src/core/oid.ts';
import { commonName, csrPem, subject } from '../../support/requests.ts';
import type { Client } from '../client.ts';
import { ABSENT, at, holds, textOf } from '../holds.ts';
import { base64, create, csr, csrBody, CSRS, eventually, JSON_PATCH, MERGE, ok, userWith } from './world.ts';

/** What may be asked for, and what becomes of the spec. */
export function certificateRequestsContract(use: () => Client): void {
  describe('certificate requests', () => {
    it('carry the user who made them, whatever the body says, and begin with an empty status', async () => {
      const client = use();
      const user = await userWith(client, [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] }]);
      const body = csrBody({ name: client.unique('csr'), spec: { username: 'system:admin', uid: 'x', groups: ['system:masters'], extra: { a: ['b'] } } });
      const status = { conditions: [{ type: 'Approved', status: 'True' }], certificate: base64('x') };
      const made = await client.call('POST', CSRS, { body: { ...body, status }, as: { ...user, groups: ['team'] } });
      holds(made, { status: 201, body: { spec: { username: user.user, groups: ['team', 'system:authenticated'], uid: ABSENT, extra: ABSENT }, status: { conditions: ABSENT, certificate: ABSENT } } });
    });

    it('carry the uid and the credential of a service account', async () => {
      const client = use();
      const name = client.unique('sa');
      const account = await create(client, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
      const token = textOf(await create(client, `/api/v1/namespaces/default/serviceaccounts/${name}/token`, { spec: {} }), 'status.token');
      const rules = [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] }];
      await create(client, '/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name }, rules });
      await create(client, '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }, subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
      });
      await createsCsr(client, token);
      holds(await client.call('POST', CSRS, { body: csrBody(), token }), {
        status: 201,
        body: {
          spec: {
            username: `system:serviceaccount:default:${name}`, uid: at(account, 'metadata.uid'), groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
            extra: { 'authentication.kubernetes.io/credential-id': [/^JTI=/] },
          },
        },
      });
    });

    it('take any name that fits into a path', async () => {
      const client = use();
      for (const name of ['Upper_case', 'with:colon', 'dots..', 'a'.repeat(300)]) {
        holds(await client.call('POST', CSRS, { body: csrBody({ name: `${client.unique('x')}${name}` }) }), { status: 201 });
      }
      for (const name of ['a/b', 'a%b', '..']) holds(await client.call('POST', CSRS, { body: csrBody({ name }) }), { status: 422, body: { details: { causes: [{ field: 'metadata.name' }] } } });
    });

    it('need a first PEM block that is a CERTIFICATE REQUEST; text around it and blocks after it are tolerated', async () => {
      const client = use();
      const pem = csrPem();
      const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      for (const text of [`hello\n${pem}`, `${pem}goodbye`, `${pem}${certificate}`, pem.replace('-----\n', '-----\nName: value\n\n')]) await accepted(client, { request: base64(text) });
      for (const text of ['', 'hello', `${certificate}${pem}`, pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST')]) await refused(client, { request: base64(text) }, 'spec.request');
      holds(await client.call('POST', CSRS, { body: csrBody({ spec: { request: '*' } }) }), { status: 400 });
    });

    it('need a valid self-signature', async () => {
      const client = use();
      const der = Buffer.from(csrPem().replace(/-----[^-]+-----|\n/g, ''), 'base64');
      const forged = Buffer.from(der);
      // The last octet of the signature's second number.
      forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
      const asPem = (bytes: Buffer) => base64(`-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE REQUEST-----\n`);
      await accepted(client, { request: asPem(der) });
      await refused(client, { request: asPem(forged) }, 'spec.request');
      await refused(client, { request: asPem(der.subarray(0, -1)) }, 'spec.request');
      await refused(client, { request: asPem(Buffer.concat([der, Buffer.of(0)])) }, 'spec.request');
    });

    it('are taken for every kind of key', async () => {
      const client = use();
      for (const key of ['RSA-2048', 'P-256', 'P-384', 'P-521', 'Ed25519'] as const) await csr(client, { shape: { key } });
    });

    it('need usages, each known and only once', async () => {
      const client = use();
      const all = [
        'signing', 'digital signature', 'content commitment', 'key encipherment', 'key agreement', 'data encipherment', 'cert sign', 'crl sign', 'encipher only', 'decipher only', 'any',
        'server auth', 'client auth', 'code signing', 'email protection', 's/mime', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing', 'microsoft sgc', 'netscape sgc',
      ];
      await accepted(client, { usages: all });
      await refused(client, { usages: [] }, 'spec.usages');
      await refused(client, { usages: ['client auth', 'make coffee'] }, 'spec.usages[1]');
      await refused(client, { usages: ['client auth', 'client auth'] }, 'spec.usages[1]');
    });

    it('ask for no less than ten minutes', async () => {
      const client = use();
      await accepted(client, { expirationSeconds: 600 });
      await accepted(client, { expirationSeconds: 2147483647 });
      await refused(client, { expirationSeconds: 599 }, 'spec.expirationSeconds');
      await refused(client, { expirationSeconds: 0 }, 'spec.expirationSeconds');
      holds(await client.call('POST', CSRS, { body: csrBody({ spec: { expirationSeconds: 2147483648 } }) }), { status: 400 });
    });

    it('name a signer as domain/path', async () => {
      const client = use();
      const label = 'a'.repeat(63);
      const domain = [label, label, label, 'a'.repeat(61)].join('.');
      for (const good of ['example.com/a', 'clusterissuers.cert-manager.io/foo', 'issuers.cert-manager.io/ns.name', `${domain}/a`, `example.com/${label}.${domain}`]) await accepted(client, { signerName: good });
      for (const bad of ['', 'example.com', 'example/a', 'example.com/a/b', 'example.com/', '/a', 'example.com/*', 'Example.com/a', 'example.com/A', 'example.com/a..b', `${domain}a/a`, `example.com/${'a'.repeat(254)}`]) {
        await refused(client, { signerName: bad }, 'spec.signerName');
      }
      await refused(client, { signerName: 'kubernetes.io/legacy-unknown' }, 'spec.signerName');
    });

    it('list every fault at once', async () => {
      const client = use();
      const answer = await client.call('POST', CSRS, { body: csrBody({ spec: { usages: [], signerName: 'x', expirationSeconds: 1 } }) });
      holds(answer, { status: 422, body: { reason: 'Invalid', details: { group: 'certificates.k8s.io', kind: 'CertificateSigningRequest' } } });
      const fields = (at(answer.body, 'details.causes') as unknown[]).map((cause) => at(cause, 'field'));
      assert.deepEqual([...new Set(fields)].sort(), ['spec.expirationSeconds', 'spec.signerName', 'spec.usages']);
    });

    it('may not ask kube-apiserver-client for the group system:masters', async () => {
      const client = use();
      const signerName = 'kubernetes.io/kube-apiserver-client';
      const organization = (name: string) => subject([[OID.organizationName, printableString(name)]]);
      holds(await client.call('POST', CSRS, { body: csrBody({ signerName, shape: { subject: organization('system:masters') } }) }), { status: 403, body: { reason: 'Forbidden', message: /system:masters/ } });
      holds(await client.call('POST', CSRS, { body: csrBody({ signerName, shape: { subject: organization('system:mistress') } }) }), { status: 201 });
      holds(await client.call('POST', CSRS, { body: csrBody({ shape: { subject: organization('system:masters') } }) }), { status: 201 });
    });

    it('never change their spec: an edit is dropped, whoever makes it and however', async () => {
      const client = use();
      const path = await csr(client, { shape: { subject: commonName('one') } });
      const before = ok(await client.call('GET', path));
      const edit = { signerName: 'example.com/other', usages: ['any'], request: base64(csrPem({ subject: commonName('two') })), expirationSeconds: 9999, username: 'somebody' };
      for (const door of ['', '/status', '/approval']) {
        holds(await client.call('PATCH', `${path}${door}`, { body: { spec: edit }, type: MERGE }), { status: 200 });
        holds(await client.call('PUT', `${path}${door}`, { body: { ...csrBody({ name: path.split('/').at(-1) ?? '', spec: edit }) } }), { status: 200 });
      }
      holds(await client.call('PATCH', path, { body: [{ op: 'replace', path: '/spec/signerName', value: 'example.com/other' }], type: JSON_PATCH }), { status: 200 });
      assert.equal(digest(at(ok(await client.call('GET', path)), 'spec')), digest(at(before, 'spec')));
    });

    it('keep their status when the object itself is written, and take labels and annotations', async () => {
      const client = use();
      const path = await csr(client);
      const status = { conditions: [{ type: 'Failed', status: 'True' }], certificate: base64('x') };
      const body = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, status };
      holds(await client.call('PATCH', path, { body, type: MERGE }), { status: 200, body: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, status: { conditions: ABSENT, certificate: ABSENT } } });
    });

    it('are deleted', async () => {
      const client = use();
      const path = await csr(client);
      holds(await client.call('DELETE', path), { status: 200, body: { kind: 'Status', status: 'Success', details: { group: 'certificates.k8s.io', kind: 'certificatesigningrequests' } } });
      holds(await client.call('GET', path), { status: 404 });
    });
  });
}

async function accepted(client: Client, spec: Record<string, unknown>): Promise<void> {
  holds(await client.call('POST', CSRS, { body: csrBody({ spec }) }), { status: 201 });
}

async function refused(client: Client, spec: Record<string, unknown>, field: string): Promise<void> {
  const answer = await client.call('POST', CSRS, { body: csrBody({ spec }) });
  holds(answer, { status: 422, body: { reason: 'Invalid' } });
  assert.equal(at(answer.body, 'details.causes.0.field'), field, JSON.stringify(answer.body));
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** A new binding takes a moment to reach the authoriser of a real server. */
async function createsCsr(client: Client, token: string): Promise<void> {
  await eventually(async () => (await client.call('POST', `${CSRS}?dryRun=All`, { body: csrBody(), token })).status === 201);
}
