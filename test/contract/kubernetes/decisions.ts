import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeServingCertificate } from '../../../src/sandbox/http/serving-certificate.ts';
import type { Answer, Client, User } from '../client.ts';
import { ABSENT, at, holds, textOf } from '../holds.ts';
import { base64, csr, csrBody, CSRS, JSON_PATCH, MERGE, ok, STRATEGIC, userWith, type Rule } from './world.ts';

/** Any certificate will do: the server asks neither for whom nor by whom it is. */
const CERTIFICATE = makeServingCertificate({ now: new Date() }).certificate;
const OTHER = makeServingCertificate({ now: new Date() }).certificate;

/** Approval and issuance: the two subresources, their rules, and who may. */
export function decisionsContract(use: () => Client): void {
  describe('approval', () => {
    it('sets Approved through /approval, with the times filled in', async () => {
      const client = use();
      const path = await csr(client);
      holds(await condition(client, path, 'approval', { type: 'Approved', status: 'True', reason: 'Because', message: 'it is good' }), {
        status: 200, body: { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Because', message: 'it is good', lastUpdateTime: /Z$/, lastTransitionTime: /Z$/ }] } },
      });
    });

    it('is taken through no other door', async () => {
      const client = use();
      for (const type of ['Approved', 'Denied']) {
        const path = await csr(client);
        holds(await condition(client, path, 'status', { type, status: 'True' }), { status: 422, body: { details: { causes: [{ field: 'status.conditions', message: `Forbidden: updates may not add a condition of type "${type}"` }] } } });
        holds(await condition(client, path, 'approval', { type, status: 'True' }), { status: 200 });
      }
    });

    it('is for good: neither removed, nor changed to False, nor joined by its contrary', async () => {
      const client = use();
      const path = await csr(client);
      ok(await condition(client, path, 'approval', { type: 'Denied', status: 'True' }));
      for (const door of ['approval', 'status']) {
        holds(await conditions(client, path, door, []), { status: 422, body: { message: /updates may not remove a condition of type "Denied"/ } });
      }
      holds(await conditions(client, path, 'approval', [{ type: 'Denied', status: 'False' }]), { status: 422, body: { details: { causes: [{ field: 'status.conditions[0].status' }] } } });
      holds(await condition(client, path, 'approval', { type: 'Approved', status: 'True' }), { status: 422, body: { details: { causes: [{ reason: 'FieldValueInvalid', field: 'status.conditions' }] } } });
      holds(await conditions(client, path, 'approval', [{ type: 'Denied', status: 'True', reason: 'Reworded' }]), { status: 200, body: { status: { conditions: [{ type: 'Denied', reason: 'Reworded' }] } } });
    });

    it('conditions have a type, a status that is one, and no double', async () => {
      const client = use();
      const path = await csr(client);
      holds(await conditions(client, path, 'approval', [{ status: 'True' }]), { status: 422, body: { details: { causes: [{ field: 'status.conditions[0].type' }] } } });
      holds(await conditions(client, path, 'approval', [{ type: 'Failed' }]), { status: 422, body: { details: { causes: [{ field: 'status.conditions[0].status' }] } } });
      holds(await conditions(client, path, 'approval', [{ type: 'example.com/X', status: 'Perhaps' }]), { status: 422, body: { details: { causes: [{ field: 'status.conditions[0].status' }] } } });
      holds(await conditions(client, path, 'approval', [{ type: 'Failed', status: 'True' }, { type: 'Failed', status: 'True' }]), { status: 422, body: { details: { causes: [{ field: 'status.conditions[1].type' }] } } });
      holds(await conditions(client, path, 'approval', [{ type: 'Failed', status: 'True' }]), { status: 200 });
    });

    it('is taken after Failed', async () => {
      const client = use();
      const path = await csr(client);
      ok(await condition(client, path, 'status', { type: 'Failed', status: 'True' }));
      holds(await condition(client, path, 'approval', { type: 'Approved', status: 'True' }), { status: 200 });
    });

    it('drops a certificate that comes with it, and keeps the annotations that do', async () => {
      const client = use();
      const path = await csr(client);
      const body = { metadata: { annotations: { 'example.com/why': 'x' } }, status: { conditions: [{ type: 'Approved', status: 'True' }], certificate: base64(CERTIFICATE) } };
      holds(await client.call('PATCH', `${path}/approval`, { body, type: MERGE }), { status: 200, body: { metadata: { annotations: { 'example.com/why': 'x' } }, status: { conditions: [{ type: 'Approved' }], certificate: ABSENT } } });
    });

    it('with the version of its creation is refused once somebody has written', async () => {
      const client = use();
      const path = await csr(client);
      const read = ok(await client.call('GET', path)) as Record<string, unknown>;
      ok(await client.call('PATCH', path, { body: { metadata: { annotations: { a: 'b' } } }, type: MERGE }));
      const approve = (object: Record<string, unknown>) => client.call('PUT', `${path}/approval`, { body: { ...object, status: { conditions: [{ type: 'Approved', status: 'True' }] } } });
      holds(await approve(read), { status: 409, body: { reason: 'Conflict' } });
      holds(await approve(ok(await client.call('GET', path)) as Record<string, unknown>), { status: 200 });
    });

    it('needs the verb approve on the signer, by name or by domain', async () => {
      const client = use();
      const path = await csr(client, { signerName: 'approval.example.com/one' });
      const access = { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update', 'patch'] };
      const allowed = [['approval.example.com/one'], ['approval.example.com/*'], undefined];
      for (const names of [['approval.example.com/two'], ['other.example.com/*'], ['*'], ['approval.example.com/o*']]) {
        const answer = await condition(client, path, 'approval', { type: 'Approved', status: 'True', reason: 'A' }, await userWith(client, [access, onSigners('approve', names)]));
        holds(answer, { status: 403, body: { reason: 'Forbidden', message: `certificatesigningrequests.certificates.k8s.io "${path.split('/').at(-1) ?? ''}" is forbidden: user not permitted to approve requests with signerName "approval.example.com/one"` } });
      }
      holds(await condition(client, path, 'approval', { type: 'Approved', status: 'True' }, await userWith(client, [access, onSigners('sign', undefined)])), { status: 403 });
      for (const [index, names] of allowed.entries()) {
        holds(await condition(client, path, 'approval', { type: 'Approved', status: 'True', reason: `A${index}` }, await userWith(client, [access, onSigners('approve', names)])), { status: 200 });
      }
    });

    it('needs update or patch on the subresource, which the object itself does not give', async () => {
      const client = use();
      const path = await csr(client);
      const user = await userWith(client, [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['*'] }, onSigners('approve', undefined)]);
      holds(await condition(client, path, 'approval', { type: 'Approved', status: 'True' }, user), {
        status: 403,
        body: { message: `certificatesigningrequests.certificates.k8s.io "${path.split('/').at(-1) ?? ''}" is forbidden: User "${user.user}" cannot patch resource "certificatesigningrequests/approval" in API group "certificates.k8s.io" at the cluster scope` },
      });
    });
  });

  describe('issuance', () => {
    it('sets the certificate and the annotations in one write to /status', async () => {
      const client = use();
      const path = await csr(client);
      const before = ok(await client.call('GET', path));
      const answer = await issue(client, path, { certificate: CERTIFICATE, metadata: { resourceVersion: at(before, 'metadata.resourceVersion'), annotations: { 'signet.dev/serial': '01' }, labels: { a: 'b' } } });
      holds(answer, { status: 200, body: { metadata: { annotations: { 'signet.dev/serial': '01' }, labels: { a: 'b' } }, status: { certificate: base64(CERTIFICATE) } } });
      assert.deepEqual(ok(await client.call('GET', path)), answer.body);
    });

    it('does not ask for approval', async () => {
      const client = use();
      for (const type of ['Denied', 'Failed']) {
        const path = await csr(client);
        ok(await condition(client, path, 'approval', { type, status: 'True' }));
        holds(await issue(client, path, { certificate: CERTIFICATE }), { status: 200, body: { status: { conditions: [{ type }], certificate: /./ } } });
      }
    });

    it('happens once: another certificate is 422, the same one again is nothing', async () => {
      const client = use();
      const path = await csr(client);
      const first = ok(await issue(client, path, { certificate: CERTIFICATE }));
      holds(await issue(client, path, { certificate: OTHER }), {
        status: 422, body: { details: { causes: [{ field: 'status.certificate', message: 'Forbidden: updates may not modify existing certificate content' }] } },
      });
      holds(await client.call('PATCH', `${path}/status`, { body: { status: { certificate: null } }, type: MERGE }), { status: 422 });
      holds(await issue(client, path, { certificate: CERTIFICATE }), { status: 200, body: { metadata: { resourceVersion: at(first, 'metadata.resourceVersion') } } });
    });

    it('takes nothing but certificates in PEM, with text around them', async () => {
      const client = use();
      for (const text of [CERTIFICATE, CERTIFICATE + OTHER, `hello\n${CERTIFICATE}between\n${OTHER}bye`]) holds(await issue(client, await csr(client), { certificate: text }), { status: 200 });
      const path = await csr(client);
      for (const text of ['hello', CERTIFICATE.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'), CERTIFICATE.replace('-----\n', '-----\nName: value\n\n'), CERTIFICATE.replace(/MII./, 'AAAA'), `${CERTIFICATE}${CERTIFICATE.replaceAll('CERTIFICATE', 'PRIVATE KEY')}`]) {
        holds(await issue(client, path, { certificate: text }), { status: 422, body: { details: { causes: [{ field: 'status.certificate' }] } } });
      }
      holds(await issue(client, path, { certificate: CERTIFICATE }), { status: 200 });
    });

    it('is a merge, JSON or strategic patch or an update, as one likes', async () => {
      const client = use();
      const certificate = base64(CERTIFICATE);
      for (const type of [MERGE, STRATEGIC]) holds(await client.call('PATCH', `${await csr(client)}/status`, { body: { status: { certificate } }, type }), { status: 200, body: { status: { certificate } } });
      holds(await client.call('PATCH', `${await csr(client)}/status`, { body: [{ op: 'add', path: '/status/certificate', value: certificate }], type: JSON_PATCH }), { status: 200, body: { status: { certificate } } });
      const path = await csr(client);
      const read = ok(await client.call('GET', path)) as Record<string, unknown>;
      holds(await client.call('PUT', `${path}/status`, { body: { ...read, status: { certificate } } }), { status: 200, body: { status: { certificate } } });
    });

    it('guarded by an old version is 409', async () => {
      const client = use();
      const path = await csr(client);
      const old = textOf(ok(await client.call('GET', path)), 'metadata.resourceVersion');
      const approved = ok(await condition(client, path, 'approval', { type: 'Approved', status: 'True' }));
      holds(await issue(client, path, { certificate: CERTIFICATE, metadata: { resourceVersion: old } }), { status: 409, body: { reason: 'Conflict' } });
      holds(await issue(client, path, { certificate: CERTIFICATE, metadata: { resourceVersion: at(approved, 'metadata.resourceVersion') } }), { status: 200 });
    });

    it('of a request that is gone is 404, under another uid 422', async () => {
      const client = use();
      const path = await csr(client);
      holds(await issue(client, path, { certificate: CERTIFICATE, metadata: { uid: 'another' } }), { status: 422, body: { details: { causes: [{ field: 'metadata.uid' }] } } });
      ok(await client.call('DELETE', path));
      holds(await issue(client, path, { certificate: CERTIFICATE }), { status: 404 });
    });

    it('keeps the wording of an approval, and adds Failed and conditions of its own', async () => {
      const client = use();
      const path = await csr(client);
      ok(await condition(client, path, 'approval', { type: 'Approved', status: 'True', reason: 'Because' }));
      const body = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Rewritten' }, { type: 'Failed', status: 'True' }, { type: 'example.com/Note', status: 'False' }] } };
      holds(await client.call('PATCH', `${path}/status`, { body, type: MERGE }), {
        status: 200, body: { status: { conditions: [{ type: 'Approved', reason: 'Because' }, { type: 'Failed', lastUpdateTime: /Z$/ }, { type: 'example.com/Note', status: 'False', lastTransitionTime: /Z$/ }] } },
      });
      holds(await conditions(client, path, 'status', [{ type: 'Approved', status: 'True' }]), { status: 422, body: { message: /updates may not remove a condition of type "Failed"/ } });
    });

    it('needs the verb sign on the signer for a certificate and for any condition, and none for annotations', async () => {
      const client = use();
      const path = await csr(client, { signerName: 'issuance.example.com/one' });
      const access = { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/status'], verbs: ['update', 'patch'] };
      const stranger = await userWith(client, [access, onSigners('sign', ['issuance.example.com/two']), onSigners('approve', undefined)]);
      const message = `certificatesigningrequests.certificates.k8s.io "${path.split('/').at(-1) ?? ''}" is forbidden: user not permitted to sign requests with signerName "issuance.example.com/one"`;
      holds(await issue(client, path, { certificate: CERTIFICATE }, stranger), { status: 403, body: { reason: 'Forbidden', message } });
      for (const type of ['Failed', 'example.com/Note']) holds(await condition(client, path, 'status', { type, status: 'True' }, stranger), { status: 403, body: { message } });
      holds(await client.call('PATCH', `${path}/status`, { body: { metadata: { annotations: { a: 'b' } } }, type: MERGE, as: stranger }), { status: 200 });
      holds(await condition(client, path, 'status', { type: 'Failed', status: 'True' }, await userWith(client, [access, onSigners('sign', ['issuance.example.com/*'])])), { status: 200 });
      holds(await issue(client, path, { certificate: CERTIFICATE }, await userWith(client, [access, onSigners('sign', ['issuance.example.com/one'])])), { status: 200 });
    });

    it('the subresources are read as the object, and cannot be created or deleted', async () => {
      const client = use();
      const path = await csr(client);
      const object = ok(await client.call('GET', path));
      for (const door of ['approval', 'status']) {
        assert.deepEqual(ok(await client.call('GET', `${path}/${door}`)), object);
        for (const method of ['POST', 'DELETE']) holds(await client.call(method, `${path}/${door}`, { body: csrBody() }), { status: 405 });
      }
      holds(await client.call('GET', `${path}/none`), { status: 404 });
      holds(await client.call('PUT', `${CSRS}/${client.unique('none')}/approval`, { body: csrBody({ name: 'other' }) }), { status: 400 });
    });
  });
}

function onSigners(verb: 'approve' | 'sign', names: readonly string[] | undefined): Rule {
  return { apiGroups: ['certificates.k8s.io'], resources: ['signers'], verbs: [verb], ...(names === undefined ? {} : { resourceNames: names }) };
}

/** Adds one condition to those that are there. */
async function condition(client: Client, path: string, door: string, added: Record<string, string>, as?: User): Promise<Answer> {
  const now = at(ok(await client.call('GET', path)), 'status.conditions') as Record<string, string>[] | undefined;
  const others = (now ?? []).filter(({ type }) => type !== added.type);
  return conditions(client, path, door, [...others, added], as);
}

function conditions(client: Client, path: string, door: string, list: readonly unknown[], as?: User): Promise<Answer> {
  return client.call('PATCH', `${path}/${door}`, { body: { status: { conditions: list } }, type: MERGE, ...(as ? { as } : {}) });
}

function issue(client: Client, path: string, { certificate, metadata }: { certificate: string; metadata?: Record<string, unknown> }, as?: User): Promise<Answer> {
  const body = { ...(metadata ? { metadata } : {}), status: { certificate: base64(certificate) } };
  return client.call('PATCH', `${path}/status`, { body, type: MERGE, ...(as ? { as } : {}) });
}
