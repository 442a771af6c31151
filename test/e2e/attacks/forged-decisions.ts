import { certificatePem } from '../../../src/core/certificate.ts';
import type { WireRequest } from '../../../src/adapters/kubernetes/wire.ts';
import { testRoot } from '../../support/authority.ts';
import { csrPem, dns, ISTIOD, spiffe } from '../../support/requests.ts';
import type { AttackClass, Outcome } from './attack.ts';
import { answered, approve, byRequest, create, CSRS, refusalOf, send, settled, type Ask } from './request.ts';
import { REGISTRAR, USERS, type World } from './world.ts';

/** A request of the one who may ask, at the signer that leaves approvals to others. */
export const REGISTRY: Ask = { as: REGISTRAR, signer: 'registry', shape: { names: [dns('db.registry.svc')] } };
export const REGISTRY_NAME = 'DNS:db.registry.svc';
const SERVED = { name: REGISTRY_NAME, signer: 'registry' } as const;

/** A certificate of somebody's own making: the API server looks at no more than that it is one. */
export function foreignCertificate(): string {
  return Buffer.from(certificatePem(testRoot({ name: 'a rival' }).certificate)).toString('base64');
}

export async function patch(world: World, user: string, path: string, body: object): Promise<WireRequest> {
  return (await world.as(user)).call<WireRequest>('PATCH', `${CSRS}/${path}`, body, 'application/merge-patch+json');
}

/** Makes the request, tampers with it, and has it approved by the one who may: what comes of it is what the tampering got. */
export async function tampered(world: World, tamper: (name: string) => Promise<Outcome | undefined>): Promise<Outcome> {
  return answered(async () => {
    const { metadata: { name } } = await create(world, REGISTRY);
    const stopped = await tamper(name);
    if (stopped !== undefined) return stopped;
    await approve(world, name, USERS.approver);
    return settled(world, name);
  });
}

/** What a request is by which nothing came of an attempt that the API server did not even refuse. */
function unchanged(what: string, now: unknown, expected: unknown): Outcome {
  const [seen, should] = [JSON.stringify(now), JSON.stringify(expected)];
  return seen === should ? refusalOf(`${what} stays ${seen}`) : { got: 'effect', what: `${what} is ${seen}` };
}

export const forgedDecisions: AttackClass = {
  title: 'Decisions and certificates by those who have no right to them',
  attacks: [
    {
      title: 'an approval by a user without the right `approve` for the signer',
      by: 'user',
      stoppedBy: 'API server',
      cause: /403 .*user not permitted to approve requests with signerName "clusterissuers\.cert-manager\.io\/registry"/,
      attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.writer }),
      twin: { title: 'by one who has it', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    {
      title: 'a request that is created with the condition Approved and a certificate',
      by: 'service account',
      stoppedBy: 'API server',
      cause: /status stays \{\}/,
      attempt: async (world) => {
        const object = { status: { certificate: foreignCertificate(), conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by itself' }] } };
        const { status } = await create(world, REGISTRY, object);
        return unchanged('status', status, {});
      },
      twin: {
        title: 'and then approved by one who may',
        ...SERVED,
        attempt: async (world) => {
          const object = { status: { certificate: foreignCertificate(), conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by itself' }] } };
          const { metadata: { name } } = await create(world, REGISTRY, object);
          await approve(world, name, USERS.approver);
          return settled(world, name);
        },
      },
    },
    {
      title: 'an approval written into the status, where only the right `sign` is asked for',
      by: 'controller',
      stoppedBy: 'API server',
      cause: /422 .*(Approved|may not be added)/,
      attempt: (world) => tampered(world, async (name) => void (await patch(world, USERS.rival, `${name}/status`, { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by status' }] } }))),
      twin: { title: 'written where approvals belong, by one who may', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    byRequest({
      title: 'an approval, by one who may approve, of a theft that istiod asked for',
      by: 'approver',
      stoppedBy: { signet: { rules: ['namespace'] } },
      cause: /namespace: found "bar"/,
      ask: { as: ISTIOD, signer: 'foo', approvedBy: USERS.unlisted, shape: { names: [spiffe('bar')] } },
      twin: { title: 'of a request for foo', ask: { shape: { names: [spiffe('foo')] } }, name: 'URI:spiffe://cluster.local/ns/foo/sa/app' },
    }),
    byRequest({
      title: 'an approval, by a listed approver, of a name that the signer does not give',
      by: 'approver',
      stoppedBy: { signet: { rules: ['names-allowed'] } },
      cause: /found "DNS:httpbin\.foo\.svc"/,
      ask: { ...REGISTRY, approvedBy: USERS.approver, shape: { names: [dns('httpbin.foo.svc')] } },
      twin: { title: 'of one that it gives', ask: { shape: { names: [dns('db.registry.svc')] } }, name: REGISTRY_NAME },
    }),
    {
      title: 'a certificate by a controller without the right `sign` for the signer',
      by: 'controller',
      stoppedBy: 'API server',
      cause: /403 .*user not permitted to sign requests with signerName "clusterissuers\.cert-manager\.io\/registry"/,
      attempt: (world) => tampered(world, async (name) => void (await patch(world, USERS.writer, `${name}/status`, { status: { certificate: foreignCertificate() } }))),
      twin: { title: 'by Signet', ...SERVED, attempt: (world) => tampered(world, async () => undefined) },
    },
    {
      title: 'a second certificate over that of Signet, by a controller that may sign',
      by: 'controller',
      stoppedBy: 'API server',
      cause: /422 .*may not modify existing certificate content/,
      attempt: (world) =>
        answered(async () => {
          const { metadata: { name } } = await create(world, REGISTRY);
          await approve(world, name, USERS.approver);
          await settled(world, name);
          const { status } = await patch(world, USERS.rival, `${name}/status`, { status: { certificate: foreignCertificate() } });
          return { got: 'effect', what: `the certificate is ${status?.certificate}` };
        }),
      twin: { title: 'the first, by Signet', ...SERVED, attempt: (world) => tampered(world, async () => undefined) },
    },
    {
      title: 'a request whose bytes are changed before it is approved',
      by: 'user',
      stoppedBy: 'API server',
      cause: /spec\.request stays/,
      attempt: (world) =>
        tampered(world, async (name) => {
          const { spec: before } = await world.mesh.controlPlane.api.get<WireRequest>(`${CSRS}/${name}`);
          const { spec } = await patch(world, USERS.writer, name, { spec: { request: Buffer.from(csrPem({ names: [dns('httpbin.foo.svc')] })).toString('base64') } });
          return unchanged('spec.request', spec.request, before.request);
        }),
      twin: { title: 'approved as it was made', ...SERVED, attempt: (world) => tampered(world, async () => undefined) },
    },
    {
      title: 'a request that is turned over to another signer',
      by: 'user',
      stoppedBy: 'API server',
      cause: /spec\.signerName stays/,
      attempt: (world) =>
        tampered(world, async (name) => {
          const { spec } = await patch(world, USERS.writer, name, { spec: { signerName: 'clusterissuers.cert-manager.io/foo' } });
          return unchanged('spec.signerName', spec.signerName, 'clusterissuers.cert-manager.io/registry');
        }),
      twin: { title: 'approved at its own', ...SERVED, attempt: (world) => tampered(world, async () => undefined) },
    },
  ],
};
