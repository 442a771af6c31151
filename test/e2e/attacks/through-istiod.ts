import { X509Certificate } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { GeneralName } from '../../../src/core/general-name.ts';
import type { WireRequest } from '../../../src/adapters/kubernetes/wire.ts';
import { csrPem, uri, type RequestShape } from '../../support/requests.ts';
import { startAgent, type AgentOptions } from '../../support/rig/agent.ts';
import { CaError } from '../../support/rig/ca-client.ts';
import type { Attack, Outcome } from './attack.ts';
import { CSRS, outcomeOf } from './request.ts';
import type { SignerName, World } from './world.ts';

/** A call to istiod's CA port, as any process may make it that has a pod's token. */
export type Call = {
  /** Whose token: `namespace/name`, of no other attack and no beginning of another's, as its requests are told apart by it. */
  readonly account: string;
  /** What the call says its signer is; left out: nothing. */
  readonly certSigner?: string;
  /** By default a request for the caller's own SPIFFE ID. */
  readonly shape?: RequestShape;
  /** Instead of what the shape makes. */
  readonly pem?: string;
  /** A SPIFFE ID to ask on behalf of. */
  readonly impersonate?: string;
  readonly seconds?: number;
};

/** Calls istiod, and looks at the request that it makes for the caller: its own answer to a refusal takes a minute. */
export async function call(world: World, { account, shape = { names: [own(account)] }, pem = csrPem(shape), ...more }: Call): Promise<Outcome> {
  const token = await world.istioToken(account);
  const answer = world.ca.createCertificate({ csr: pem, token, ...more }).then(
    ([leaf = '']): Outcome => ({ got: 'certificate', leaf: new X509Certificate(leaf) }),
    (error: unknown): Outcome => {
      if (!(error instanceof CaError)) throw error;
      return { got: 'refusal', by: /failed to (create|approve) CSR/.test(error.message) ? 'API server' : 'istiod', message: error.message };
    },
  );
  return either(answer, (signal) => refusedFor(world, account, signal));
}

export type Pod = Pick<AgentOptions, 'certSigner' | 'env'> & { readonly account: string };

/** A call of an account, and its twin that differs in the fields given; both for the caller's own SPIFFE ID unless they say otherwise. */
export type CallAttack = Pick<Attack, 'title' | 'by' | 'stoppedBy' | 'cause'> & { readonly call: Call; readonly twin: { readonly title: string; readonly call: Partial<Call>; readonly signer: SignerName } };

export function byCall({ call: first, twin, ...attack }: CallAttack): Attack {
  if (Object.keys(twin.call).length !== 1) throw new Error(`the twin of "${attack.title}" differs in ${Object.keys(twin.call).join(', ')}, not in one detail`);
  const second = { ...first, ...twin.call };
  return { ...attack, attempt: (world) => call(world, first), twin: { title: twin.title, signer: twin.signer, name: `URI:${idOf(first.account)}`, attempt: (world) => call(world, second) } };
}

/** The SPIFFE ID of `namespace/name`. */
export function idOf(account: string): string {
  const [namespace = '', name = ''] = account.split('/');
  return `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
}

/** Starts Istio's agent for a pod of the account, until it has a certificate or its request is refused. */
export async function agent(world: World, { account, ...options }: Pod): Promise<Outcome> {
  const [namespace = '', serviceAccount = ''] = account.split('/');
  const { controlPlane, istiod } = world.mesh;
  await using running = await startAgent({ controlPlane, istiod, namespace, serviceAccount, ...options });
  const waiting = new AbortController();
  try {
    const certificate = running.waitForCertificate({ signal: waiting.signal }).then((leaf): Outcome => ({ got: 'certificate', leaf }));
    const refusal = logged(running.log, waiting.signal);
    return await either(Promise.race([certificate, refusal]), (signal) => refusedFor(world, account, signal));
  } finally {
    waiting.abort();
  }
}

/** The name of `namespace/name` in a request. */
export function own(account: string): GeneralName {
  return uri(idOf(account));
}

/** What the caller is told, or what its request gets, whichever is there first. */
async function either(answer: Promise<Outcome>, look: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
  const done = new AbortController();
  const settle = (outcome: Promise<Outcome>): Promise<Outcome> => outcome.finally(() => done.abort());
  // The one that comes later is of no interest, whatever it is.
  const both = [settle(answer), settle(look(done.signal))];
  for (const each of both) each.catch(() => undefined);
  return Promise.race(both);
}

/** Waits for a refused request that names the account, and was not reported before. */
async function refusedFor(world: World, account: string, signal: AbortSignal): Promise<Outcome> {
  const [namespace, name] = account.split('/');
  const id = `/ns/${namespace}/sa/${name}`;
  for (;;) {
    for (const csr of await world.mesh.controlPlane.api.list<WireRequest>(CSRS)) {
      if (world.reported.has(csr.metadata.name) || !named(csr, id)) continue;
      const outcome = outcomeOf(csr);
      if (outcome?.got !== 'refusal') continue;
      world.reported.add(csr.metadata.name);
      return outcome;
    }
    await wait(100, undefined, { signal });
  }
}

/** A SPIFFE ID is ASCII in the DER: what the request is otherwise does not matter. */
function named({ spec }: WireRequest, id: string): boolean {
  const body = Buffer.from(spec.request, 'base64').toString('latin1').replace(/-----[^-]*-----/g, '');
  return Buffer.from(body, 'base64').toString('latin1').includes(id);
}

/** The agent's own word for a refusal that made no request. */
async function logged(log: () => string, signal: AbortSignal): Promise<Outcome> {
  for (;;) {
    const line = log().split('\n').find((each) => /failed to (create|approve) CSR/.test(each));
    if (line !== undefined) return { got: 'refusal', by: 'API server', message: line };
    await wait(100, undefined, { signal });
  }
}
