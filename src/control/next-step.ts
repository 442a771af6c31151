import { asksReference, decideDiscovered, type DiscoveredInput } from '../core/decide-discovered.ts';
import { decide, type DecideInput } from '../core/decide.ts';
import type { DiscoveredAllow } from '../core/discovered-issuer.ts';
import type { Step } from '../core/step.ts';
import type { Discovered } from './ports.ts';

/** Issuers that are served as they are found, and what of theirs is signed. */
export type Discovery = Discovered & { readonly allow: readonly DiscoveredAllow[] };

/** A CA is looked at anew before it signs when the last look was longer ago than this: what its owner replaced is not used for longer. */
const FRESH_MS = 5_000;
/** And when it was found wrong, as it is asked for again rarely. */
const MENDED_MS = 1_000;

const NOT_KNOWN = 'which issuers there are is not known yet';

/** `input` is asked for when it is needed, and again after every wait: CAs and clocks go on meanwhile, and to tell the state of a CA it is compared with all others. */
export type Question = Pick<DecideInput, 'observed' | 'policy'> & { readonly input: () => DecideInput };

/**
 * What is to be done about a request: by the configuration's signer of that name, else by the issuer that is found. Throws Unavailable when it cannot be told whether the requester may use an issuer.
 */
export function nextStep(question: Question, discovery: Discovery | null, signal: AbortSignal): Step | Promise<Step> {
  const { observed, policy, input } = question;
  const found = policy.signers.some(({ name }) => name === observed.signerName) ? null : (discovery?.find(observed.signerName) ?? null);
  return found === null || discovery === null ? decide(input()) : stepOfDiscovered(question, discovery, signal);
}

async function stepOfDiscovered({ observed, input }: Question, discovery: Discovery, signal: AbortSignal): Promise<Step> {
  const found = discovery.find(observed.signerName);
  if (found === null || !found.known) return { do: 'wait', reason: null, message: NOT_KNOWN };
  const { reference, issuer, authority } = found;
  const about = { observed, reference, issuer };
  let mayReference: boolean | null = null;
  if (observed.state === 'approved') {
    if (authority !== null && issuer?.ready === true) await authority.refresh(authority.state().ready ? FRESH_MS : MENDED_MS, signal);
    if (asksReference(about) && reference.kind === 'Issuer') mayReference = await discovery.mayReference(observed.requester, reference, signal);
  }
  const decided: DiscoveredInput = { ...input(), reference, issuer, mayReference, allow: discovery.allow };
  return decideDiscovered(decided);
}
