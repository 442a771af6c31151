import type { X509Certificate } from 'node:crypto';
import type { GuardedAttack, Outcome } from './attack.ts';
import { foreignCertificate, patch, REGISTRY, REGISTRY_NAME, tampered } from './forged-decisions.ts';
import { answered, approve, create, send, settled } from './request.ts';
import { USERS, type World } from './world.ts';

const DENIED = "ValidatingAdmissionPolicy 'signet' with binding 'signet' denied request: user";
const IS_CA = 'experimental.cert-manager.io/request-is-ca';
const SERVED = { name: REGISTRY_NAME, signer: 'registry' } as const;
const UNTOUCHED = { title: 'a request that is left alone', ...SERVED, attempt: (world: World) => tampered(world, async () => undefined) };

function says(...parts: readonly string[]): RegExp {
  return new RegExp([DENIED, ...parts].map((part) => part.replace(/[.'"/()]/g, '\\$&')).join('.*'));
}

/** Rights that RBAC gives for every request of a signer, used on one that is none of their holder's business. */
export const guarded: { readonly title: string; readonly attacks: readonly GuardedAttack[] } = {
  title: 'What only admission sees, where guard is installed',
  attacks: [
    {
      title: 'an approval by a user who has the right and is not an approver of this signer',
      by: 'approver',
      stoppedBy: 'guard',
      cause: says(USERS.unlisted, 'may not approve or deny this request', 'it is none of its approvers'),
      withoutGuard: { possible: 'it gets a certificate, within the policy' },
      attempt: async (world) => {
        const outcome = await send(world, { ...REGISTRY, approvedBy: USERS.unlisted });
        return outcome.got === 'certificate' ? { got: 'effect', what: 'it gets a certificate, within the policy' } : outcome;
      },
      twin: { title: 'by a listed approver', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    {
      title: 'a denial by a user who is not an approver of this signer',
      by: 'approver',
      stoppedBy: 'guard',
      cause: says(USERS.unlisted, 'may not approve or deny this request'),
      withoutGuard: { possible: 'the request is denied' },
      attempt: (world) =>
        answered(async () => {
          const { metadata: { name } } = await create(world, REGISTRY);
          await approve(world, name, USERS.unlisted, { type: 'Denied' });
          return { got: 'effect', what: 'the request is denied' };
        }),
      twin: { title: 'an approval by a listed approver', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    {
      title: 'a certificate of its own, by a controller that may sign for the signer',
      by: 'controller',
      stoppedBy: 'guard',
      cause: says(USERS.rival, 'may not write the certificate or the conditions of a request'),
      withoutGuard: { possible: 'its certificate is the answer, of a CA that no verifier is told of' },
      attempt: (world) => tampered(world, (name) => written(world, name, { certificate: foreignCertificate() }, 'its certificate is the answer, of a CA that no verifier is told of')),
      twin: UNTOUCHED,
    },
    {
      title: 'the condition Failed, by a controller that may sign for the signer',
      by: 'controller',
      stoppedBy: 'guard',
      cause: says(USERS.rival, 'may not write the certificate or the conditions of a request'),
      withoutGuard: { possible: 'the request has failed for good' },
      attempt: (world) => tampered(world, (name) => written(world, name, { conditions: [{ type: 'Failed', status: 'True', reason: 'Test', message: 'by a rival' }] }, 'the request has failed for good')),
      twin: UNTOUCHED,
    },
    {
      title: 'a request by a user whom no alternative of the signer lists',
      by: 'user',
      stoppedBy: 'guard',
      cause: says(USERS.asker, 'may not ask for a certificate', 'each entry of its allow names requesters'),
      withoutGuard: { signet: { rules: ['requester-listed', 'credible'] } },
      attempt: (world) => send(world, { ...REGISTRY, as: USERS.asker, approvedBy: USERS.approver }),
      twin: { title: 'by the one it lists', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    {
      title: 'an annotation that asks for a CA, added before the approval',
      by: 'user',
      stoppedBy: 'guard',
      cause: says(USERS.writer, 'may not change annotations of experimental.cert-manager.io'),
      withoutGuard: { signet: { rules: ['known-annotations'] } },
      attempt: (world) => tampered(world, async (name) => void (await patch(world, USERS.writer, name, { metadata: { annotations: { [IS_CA]: 'true' } } }))),
      twin: { title: 'an annotation of another family', ...SERVED, attempt: (world) => tampered(world, async (name) => void (await patch(world, USERS.writer, name, { metadata: { annotations: { 'example.com/note': 'true' } } }))) },
    },
    {
      title: 'an annotation that asks for a CA, slipped in with the approval',
      by: 'approver',
      stoppedBy: 'guard',
      cause: says(USERS.approver, 'may not change annotations of experimental.cert-manager.io'),
      withoutGuard: { signet: { rules: ['known-annotations'] } },
      attempt: (world) => approvedWith(world, { [IS_CA]: 'true' }),
      twin: { title: 'the approval alone', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    {
      title: 'an annotation that asks for ten years, added after the approval',
      by: 'user',
      stoppedBy: 'guard',
      cause: says(USERS.writer, 'may not change annotations of experimental.cert-manager.io'),
      withoutGuard: { possible: 'the annotation stands, and the certificate lives no longer than the signer lets it' },
      attempt: (world) =>
        answered(async () => {
          const { metadata: { name } } = await create(world, REGISTRY);
          await approve(world, name, USERS.approver);
          await patch(world, USERS.writer, name, { metadata: { annotations: { 'experimental.cert-manager.io/request-duration': '87600h' } } });
          const outcome = await settled(world, name);
          return outcome.got === 'certificate' && hours(outcome.leaf) < 25 ? { got: 'effect', what: 'the annotation stands, and the certificate lives no longer than the signer lets it' } : outcome;
        }),
      twin: { title: 'the approval alone', ...SERVED, attempt: (world) => send(world, { ...REGISTRY, approvedBy: USERS.approver }) },
    },
    {
      title: 'a serial number noted in the name of Signet',
      by: 'user',
      stoppedBy: 'guard',
      cause: says(USERS.writer, 'may not change annotations of experimental.cert-manager.io or signet.dev'),
      withoutGuard: { possible: 'the note stands until Signet answers' },
      attempt: (world) =>
        answered(async () => {
          const { metadata: { name } } = await create(world, REGISTRY);
          const { metadata } = await patch(world, USERS.writer, name, { metadata: { annotations: { 'signet.dev/serial': '00' } } });
          return { got: 'effect', what: metadata.annotations?.['signet.dev/serial'] === '00' ? 'the note stands until Signet answers' : 'nothing' };
        }),
      twin: UNTOUCHED,
    },
  ],
};

function hours({ validFrom, validTo }: X509Certificate): number {
  return (Date.parse(validTo) - Date.parse(validFrom)) / 3_600_000;
}

/** A status written by a controller that may sign; what it says stands. */
async function written(world: World, name: string, status: object, what: string): Promise<Outcome> {
  const field = Object.keys(status)[0] as 'certificate' | 'conditions';
  const after = await patch(world, USERS.rival, `${name}/status`, { status });
  return { got: 'effect', what: after.status?.[field] === undefined ? 'nothing' : what };
}

async function approvedWith(world: World, annotations: Record<string, string>): Promise<Outcome> {
  return answered(async () => {
    const { metadata: { name } } = await create(world, REGISTRY);
    await approve(world, name, USERS.approver, { annotations });
    return settled(world, name);
  });
}
