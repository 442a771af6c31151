import { dns, ISTIOD, spiffe } from '../../support/requests.ts';
import type { AttackClass } from './attack.ts';
import { byRequest } from './request.ts';
import { REGISTRAR, USERS } from './world.ts';

const SA = 'system:serviceaccount:';
const FOO_APP = 'URI:spiffe://cluster.local/ns/foo/sa/app';
const CREDIBLE = { signet: { rules: ['credible'] } } as const;
const APP = { shape: { names: [spiffe('foo')] } };
/** The one who may ask for it by itself. */
const ITSELF = { title: 'the account asks for itself', ask: { as: `${SA}foo:app` }, name: FOO_APP };

function asking(user: string): RegExp {
  return new RegExp(`spec\\.username: found "${user.replace(/[/.]/g, '\\$&')}" asking for`);
}

/** The API server vouches for who asks; nothing else of a request says for whom it is. */
export const requesters: AttackClass = {
  title: 'Requests to the API server, by name and right of whoever makes them',
  attacks: [
    byRequest({
      title: 'a service account of foo asks for another account of foo',
      by: 'service account',
      stoppedBy: CREDIBLE,
      cause: asking(`${SA}foo:other`),
      ask: { as: `${SA}foo:other`, signer: 'foo', ...APP },
      twin: ITSELF,
    }),
    byRequest({
      title: "an account of bar asks foo's signer for the account of foo that has its name",
      by: 'service account',
      stoppedBy: CREDIBLE,
      cause: asking(`${SA}bar:app`),
      ask: { as: `${SA}bar:app`, signer: 'foo', ...APP },
      twin: ITSELF,
    }),
    byRequest({
      title: "an account of foo asks bar's signer for itself",
      by: 'service account',
      stoppedBy: { signet: { rules: ['namespace'] } },
      cause: /namespace: found "foo"/,
      ask: { as: `${SA}foo:app`, signer: 'bar', ...APP },
      twin: { title: "foo's signer", ask: { signer: 'foo' }, name: FOO_APP },
    }),
    byRequest({
      title: "an account of foo asks foo's signer for an account of bar",
      by: 'service account',
      stoppedBy: { signet: { rules: ['namespace', 'credible'] } },
      cause: /namespace: found "bar"/,
      ask: { as: `${SA}foo:app`, signer: 'foo', shape: { names: [spiffe('bar')] } },
      twin: { title: 'for itself', ask: APP, name: FOO_APP },
    }),
    byRequest({
      title: 'an account asks for itself in a trust domain of its own making',
      by: 'service account',
      stoppedBy: { signet: { rules: ['trust-domain', 'credible'] } },
      cause: /trust domain: found "partner\.example"/,
      ask: { as: `${SA}foo:app`, signer: 'foo', shape: { names: [spiffe('foo', 'app', 'partner.example')] } },
      twin: { title: "in the mesh's own", ask: APP, name: FOO_APP },
    }),
    byRequest({ title: 'an account named istiod, in foo', by: 'service account', stoppedBy: CREDIBLE, cause: asking(`${SA}foo:istiod`), ask: { as: `${SA}foo:istiod`, signer: 'foo', ...APP }, twin: ITSELF }),
    byRequest({ title: 'an account named istiod2 beside istiod', by: 'service account', stoppedBy: CREDIBLE, cause: asking(`${SA}istio-system:istiod2`), ask: { as: `${SA}istio-system:istiod2`, signer: 'foo', ...APP }, twin: { title: 'istiod', ask: { as: ISTIOD }, name: FOO_APP } }),
    byRequest({ title: 'a user asks for an account of foo', by: 'user', stoppedBy: CREDIBLE, cause: asking(USERS.asker), ask: { as: USERS.asker, signer: 'foo', ...APP }, twin: ITSELF }),
    byRequest({ title: 'a user whose name is the SPIFFE ID that it asks for', by: 'user', stoppedBy: CREDIBLE, cause: asking(USERS.spiffe), ask: { as: USERS.spiffe, signer: 'foo', ...APP }, twin: ITSELF }),
    byRequest({ title: 'a node asks for an account of foo', by: 'node', stoppedBy: CREDIBLE, cause: asking(USERS.node), ask: { as: USERS.node, signer: 'foo', ...APP }, twin: ITSELF }),
    byRequest({
      title: 'a user writes the username, groups and extra fields of istiod into spec',
      by: 'user',
      stoppedBy: CREDIBLE,
      cause: asking(USERS.asker),
      ask: { as: USERS.asker, signer: 'foo', ...APP, spec: { username: ISTIOD, uid: 'x', groups: ['system:serviceaccounts', 'system:masters'], extra: { 'authentication.kubernetes.io/pod-name': ['istiod-0'] } } },
      twin: { title: 'istiod itself, with the same words', ask: { as: ISTIOD }, name: FOO_APP },
    }),
    byRequest({
      title: 'a requester asks for a namespace that it may not vouch for',
      by: 'service account',
      stoppedBy: CREDIBLE,
      cause: /allowed "system:serviceaccount:foo:app" itself, or a user listed under requesters whose vouches cover this name/,
      ask: { as: REGISTRAR, signer: 'foo', ...APP },
      twin: { title: 'one that may', ask: { as: ISTIOD }, name: FOO_APP },
    }),
    byRequest({
      title: 'a requester that may vouch for a foreign trust domain asks a signer that does not serve it',
      by: 'service account',
      stoppedBy: { signet: { rules: ['trust-domain'] } },
      cause: /trust domain: found "partner\.example", allowed "cluster\.local"/,
      ask: { as: REGISTRAR, signer: 'payments', shape: { names: [spiffe('payments', 'web-1', 'partner.example')] } },
      twin: { title: 'the domain that it serves', ask: { shape: { names: [spiffe('payments', 'web-1')] } }, name: 'URI:spiffe://cluster.local/ns/payments/sa/web-1' },
    }),
    byRequest({
      title: 'a service account of the namespace that the signer does not list',
      by: 'service account',
      stoppedBy: { signet: { rules: ['service-account'] } },
      cause: /service account: found "payments\/admin"/,
      ask: { as: REGISTRAR, signer: 'payments', shape: { names: [spiffe('payments', 'admin')] } },
      twin: { title: 'one that it lists', ask: { shape: { names: [spiffe('payments', 'web-1')] } }, name: 'URI:spiffe://cluster.local/ns/payments/sa/web-1' },
    }),
    byRequest({
      title: "a requester that vouches, for istiod's own DNS name",
      by: 'service account',
      stoppedBy: { signet: { rules: ['names-allowed'] } },
      cause: /found "DNS:istiod\.istio-system\.svc", allowed a name that signer .* issues to this requester/,
      ask: { as: REGISTRAR, signer: 'istio-system', shape: { names: [dns('istiod.istio-system.svc')] } },
      twin: { title: 'istiod', ask: { as: ISTIOD }, name: 'DNS:istiod.istio-system.svc' },
    }),
    byRequest({
      title: 'istiod, at a signer that lists another requester',
      by: 'istiod',
      stoppedBy: { signet: { rules: ['requester-listed'] } },
      cause: /spec\.username: found "system:serviceaccount:istio-system:istiod", allowed only the requesters that this signer lists/,
      ask: { as: ISTIOD, signer: 'registry', approvedBy: USERS.approver, shape: { names: [dns('db.registry.svc')] } },
      twin: { title: 'the one it lists', ask: { as: REGISTRAR }, name: 'DNS:db.registry.svc' },
    }),
    byRequest({
      title: 'a tenant asks for the DNS name of its own service',
      by: 'service account',
      stoppedBy: { signet: { rules: ['names-allowed', 'credible'] } },
      cause: /found "DNS:app\.foo\.svc"/,
      ask: { as: `${SA}foo:app`, signer: 'foo', shape: { names: [dns('app.foo.svc')] } },
      twin: { title: 'for its SPIFFE ID', ask: APP, name: FOO_APP },
    }),
  ],
};
