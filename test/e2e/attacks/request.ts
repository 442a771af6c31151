import { X509Certificate } from 'node:crypto';
import { observe, requestState } from '../../../src/adapters/kubernetes/observe.ts';
import type { WireRequest } from '../../../src/adapters/kubernetes/wire.ts';
import { SIGNER_DOMAIN } from '../../support/mesh.ts';
import { csrPem, ISTIOD, type RequestShape } from '../../support/requests.ts';
import { ApiError } from '../../support/rig/api.ts';
import { until } from '../../support/rig/until.ts';
import type { Actor, Attack, Outcome, StoppedBy } from './attack.ts';
import type { SignerName, World } from './world.ts';

export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
export const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

/** A CertificateSigningRequest, who makes it and who approves it. */
export type Ask = {
  readonly as: string;
  readonly signer: SignerName;
  readonly shape?: RequestShape;
  /** PEM text instead of what the shape makes. */
  readonly pem?: string;
  readonly usages?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Further fields of spec, of which the API server has its own opinion. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** By default istiod approves what it asks for; anybody else leaves that to Signet. */
  readonly approvedBy?: string;
};

export type RequestAttack = {
  readonly title: string;
  readonly by: Actor;
  readonly stoppedBy: StoppedBy;
  readonly cause: RegExp;
  readonly ask: Ask;
  /** One field of the request, or of its shape, that is different. */
  readonly twin: { readonly title: string; readonly ask: Partial<Omit<Ask, 'shape'>> & { readonly shape?: Partial<RequestShape> }; readonly name: string };
};

/** An attack that is one request to the API server. */
export function byRequest({ ask: first, twin, ...attack }: RequestAttack): Attack {
  const second = { ...first, ...twin.ask, ...(first.shape === undefined && twin.ask.shape === undefined ? {} : { shape: { ...first.shape, ...twin.ask.shape } }) };
  const changed = [...Object.keys(twin.ask).filter((key) => key !== 'shape'), ...Object.keys(twin.ask.shape ?? {})];
  if (changed.length !== 1) throw new Error(`the twin of "${attack.title}" differs in ${changed.join(', ') || 'nothing'}, not in one detail`);
  return { ...attack, attempt: (world) => send(world, first), twin: { title: twin.title, name: twin.name, signer: second.signer, attempt: (world) => send(world, second) } };
}

/** Creates the request, has it approved, and waits for what becomes of it. */
export async function send(world: World, ask: Ask): Promise<Outcome> {
  return answered(async () => {
    const { metadata: { name } } = await create(world, ask);
    const approver = ask.approvedBy ?? (ask.as === ISTIOD ? ISTIOD : undefined);
    if (approver !== undefined) await approve(world, name, approver);
    return settled(world, name);
  });
}

/** What the API server or its admission refuses becomes an outcome; every other failure is the test's. */
export async function answered(attempt: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return refusalOf(`${error.status} ${error.message}`);
  }
}

export function refusalOf(message: string): Outcome {
  return { got: 'refusal', by: message.includes("ValidatingAdmissionPolicy 'signet'") ? 'guard' : 'API server', message };
}

/** `more`: fields beside metadata and spec. */
export async function create(world: World, ask: Ask, more: object = {}): Promise<WireRequest> {
  return (await world.as(ask.as)).call<WireRequest>('POST', CSRS, { ...requestObject(ask), ...more });
}

export function requestObject({ signer, shape = {}, pem = csrPem(shape), usages = USAGES, annotations = {}, spec = {} }: Ask): object {
  const request = Buffer.from(pem, 'latin1').toString('base64');
  return { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'attack-', annotations }, spec: { request, signerName: `${SIGNER_DOMAIN}/${signer}`, usages, ...spec } };
}

/** As istiod does it: the whole object, with the version that it has. */
export async function approve(world: World, name: string, user: string, { type = 'Approved', annotations = {} }: { type?: string; annotations?: Record<string, string> } = {}): Promise<void> {
  const found = await world.mesh.controlPlane.api.get<WireRequest>(`${CSRS}/${name}`);
  const metadata = { ...found.metadata, annotations: { ...found.metadata.annotations, ...annotations } };
  const conditions = [{ type, status: 'True', reason: 'Test', message: 'as a test' }];
  await (await world.as(user)).call('PUT', `${CSRS}/${name}/approval`, { ...found, metadata, status: { ...found.status, conditions } });
}

/** Waits until the request is answered. */
export async function settled(world: World, name: string): Promise<Outcome> {
  return until(async () => outcomeOf(await world.mesh.controlPlane.api.get<WireRequest>(`${CSRS}/${name}`)), { what: `${name} to be answered` });
}

/** undefined: not answered yet. */
export function outcomeOf(csr: WireRequest): Outcome | undefined {
  const { certificate, conditions = [] } = csr.status ?? {};
  if (certificate !== undefined) return { got: 'certificate', leaf: new X509Certificate(Buffer.from(certificate, 'base64')) };
  const last = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (last === undefined) return undefined;
  const before = { ...csr, status: { conditions: conditions.filter((each) => each !== last) } };
  const observed = observe(before);
  if (typeof observed === 'string') throw new Error(`${csr.metadata.name}: ${observed}`);
  return { got: 'refusal', by: 'Signet', reason: last.reason ?? '', message: last.message ?? '', observed: { ...observed, state: requestState(before) } };
}
