import { request } from 'node:https';
import { observe } from '../../../src/adapters/kubernetes/observe.ts';
import type { WireRequest } from '../../../src/adapters/kubernetes/wire.ts';
import { csrPem, ISTIOD, spiffe } from '../../support/requests.ts';
import type { Attack, AttackClass, Outcome } from './attack.ts';
import { stolenKey } from './keys.ts';
import { requestObject, send, USAGES, type Ask } from './request.ts';
import { USERS, type World } from './world.ts';

const NAME = 'URI:spiffe://cluster.local/ns/foo/sa/app';
const ASK: Ask = { as: 'system:serviceaccount:foo:app', signer: 'foo', shape: { names: [spiffe('foo')] } };

/** What no API server would hand on: here Signet stands alone. The twin is let through there, and then asked for. */
export const webhookPort: AttackClass = {
  title: "Calls to the webhook's port, past the API server",
  attacks: [
    review({ title: 'a usage twice, which the API server never takes', stoppedBy: { signet: { rules: ['distinct-usages'] } }, cause: /"client auth" more than once/, ask: { ...ASK, usages: [...USAGES, 'client auth'] }, twin: { title: 'each usage once', ask: { ...ASK, usages: USAGES } } }),
    review({ title: "somebody else's public key, which the API server never takes", stoppedBy: { signet: { unreadable: 'spec.request.signature' } }, cause: /a signature that the P-256 key of the request did not make/, ask: { ...ASK, shape: { names: [spiffe('foo')], key: stolenKey() } }, twin: { title: 'its own', ask: ASK } }),
    review({ title: 'a request that says it is of istiod, in a review that says who asks', stoppedBy: { signet: { rules: ['credible'] } }, cause: /"asker" asking for/, ask: { ...ASK, as: USERS.asker, spec: { username: ISTIOD } }, twin: { title: 'a review of the account itself', ask: { ...ASK, spec: { username: ISTIOD } } } }),
    review({ title: 'garbage for a request', stoppedBy: { signet: { unreadable: 'spec.request' } }, cause: /spec\.request: found/, ask: { ...ASK, pem: 'garbage' }, twin: { title: 'a request', ask: { ...ASK, pem: csrPem({ names: [spiffe('foo')] }) } } }),
  ],
};

type Reviewed = Pick<Attack, 'title' | 'stoppedBy' | 'cause'> & { readonly ask: Ask; readonly twin: { readonly title: string; readonly ask: Ask } };

function review({ ask, twin, ...attack }: Reviewed): Attack {
  return {
    ...attack,
    by: 'network peer',
    attempt: (world) => reviewed(world, ask).then((refused) => refused ?? { got: 'effect', what: 'it is let through' }),
    twin: { title: twin.title, name: NAME, signer: 'foo', attempt: async (world) => (await reviewed(world, twin.ask)) ?? send(world, twin.ask) },
  };
}

/** What the webhook answers to a review of it; null: allowed. */
async function reviewed({ webhookPort }: World, ask: Ask): Promise<Outcome | null> {
  const object = requestObject(ask) as { metadata: object; spec: object };
  const userInfo = { username: ask.as, uid: 'u', groups: [] };
  const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', operation: 'CREATE', resource: { group: 'certificates.k8s.io', version: 'v1', resource: 'certificatesigningrequests' }, userInfo, object } };
  const { response } = JSON.parse(await posted(webhookPort, JSON.stringify(body))) as { response: { allowed: boolean; status?: { message: string }; auditAnnotations?: { reason: string } } };
  if (response.allowed) return null;
  const wire = { metadata: { ...object.metadata, name: 'new', uid: 'u', resourceVersion: '0' }, spec: { ...object.spec, ...userInfo } } as unknown as WireRequest;
  const observed = observe(wire);
  if (typeof observed === 'string') throw new Error(observed);
  return { got: 'refusal', by: 'Signet', reason: response.auditAnnotations?.reason ?? '', message: response.status?.message ?? '', observed: { ...observed, state: 'approved' } };
}

function posted(port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // Whoever reaches the port need not know whose certificate it has.
    const sent = request({ host: '127.0.0.1', port, path: '/review', method: 'POST', rejectUnauthorized: false, headers: { 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
