import { Unavailable } from '../../control/errors.ts';
import type { AuthorityState, DiscoveredAuthority } from '../../control/ports.ts';
import { caTrouble } from '../../core/ca-validity.ts';
import type { Certificate } from '../../core/certificate.ts';
import type { Plan } from '../../core/plan.ts';
import type { Rival } from './conflict.ts';
import { signLocally } from './local.ts';
import { digestOf, loadPair, type CaPair, type PairFiles } from './pair.ts';

export type IssuerAuthorityOptions = {
  /** For messages: `secret cert-manager/foo`. */
  readonly sourceName: string;
  /** The Secret as it is now; null: there is none. Throws Unavailable. */
  readonly read: (signal: AbortSignal) => Promise<PairFiles | null>;
  /** Whose CA it is already; null: nobody's. */
  readonly rival: (pair: CaPair) => Rival | null;
  readonly now: () => Date;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
};

type Look = { readonly ok: true; readonly pair: CaPair; /** SHA-256 of the files: they are not kept, as there may be thousands. */ readonly digest: string } | { readonly ok: false; readonly reason: 'SecretMissing' | 'SecretInvalidData' | 'SecretGetError'; readonly message: string; readonly digest?: string };

/** Requesters are told this, and not which signer. */
export const APART = 'its CA is that of another signer; the log and "signet signers" say which';

/**
 * The CA of an issuer that somebody else looks after. Its Secret is used as it is, since whoever renews it means it to be used: no copy is kept and
 * nothing waits for a rotation. It is looked at when somebody asks for that.
 */
export class IssuerAuthority implements DiscoveredAuthority {
  readonly signsHere = true;
  readonly #options: IssuerAuthorityOptions;
  #look: Look | null = null;
  #lookedAt = -Infinity;
  #flight: Promise<void> | null = null;

  constructor(options: IssuerAuthorityOptions) {
    this.#options = options;
  }

  get lookedAt(): number {
    return this.#lookedAt;
  }

  /** A pair that was good goes on while the API server does not answer. */
  async refresh(maxAge: number, signal: AbortSignal): Promise<void> {
    if (this.#options.monotonic() - this.#lookedAt <= maxAge) return;
    this.#flight ??= this.#lookAgain(signal).finally(() => (this.#flight = null));
    await this.#flight;
  }

  state(): AuthorityState {
    if (this.#look === null) return { ready: false, reason: 'SecretGetError', message: `the ${this.#options.sourceName} has not been read yet` };
    if (!this.#look.ok) return { ready: false, reason: this.#look.reason, message: this.#look.message };
    const rival = this.#options.rival(this.#look.pair);
    if (rival !== null) return { ready: false, reason: 'CertificateAuthorityUnavailable', message: APART, detail: rival.why };
    const { chain, anchor } = this.#look.pair;
    const trouble = caTrouble(chain, this.#options.now(), 0);
    return trouble === null ? { ready: true, authority: { chain, anchor }, held: null } : { ready: false, ...trouble };
  }

  /** The signer of the configuration whose key it has, so that it signs as that one does; null: none. A common root alone is no such door. */
  get rival(): string | null {
    const rival = this.#look?.ok === true ? this.#options.rival(this.#look.pair) : null;
    return rival?.overlap === 'key' ? rival.signer : null;
  }

  async issue(plan: Plan, _signal: AbortSignal): Promise<readonly Certificate[]> {
    // Once more: since the plan was made its Secret may have been replaced, or a signer of the configuration may have come to have the same CA.
    const state = this.state();
    if (!state.ready || this.#look?.ok !== true) throw new Unavailable(state.ready ? 'its Secret has not been read yet' : state.message);
    return signLocally(plan, this.#look.pair);
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    const { sourceName, read, monotonic } = this.#options;
    try {
      this.#look = looked(await read(signal), sourceName, this.#look);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      if (this.#look?.ok !== true || !isPassing(error)) this.#look = { ok: false, reason: 'SecretGetError', message: `the ${sourceName} cannot be read: ${error.message}` };
    }
    this.#lookedAt = monotonic();
  }
}

/** Trouble that says nothing about the Secret: the pair that was good a moment ago goes on. */
export class PassingTrouble extends Unavailable {}

function isPassing(error: Unavailable): boolean {
  return error instanceof PassingTrouble;
}

function looked(files: PairFiles | null, sourceName: string, before: Look | null): Look {
  if (files === null) return { ok: false, reason: 'SecretMissing', message: `Referenced ${sourceName} not found` };
  // The same bytes are the same pair, good or bad: others have been compared with this one, and its signatures verified.
  const digest = digestOf(files);
  if (before?.digest === digest) return before;
  const loaded = loadPair(files, { anchor: 'last' });
  return loaded.ok ? { ok: true, pair: { ...loaded.pair, files: {} }, digest } : { ok: false, reason: 'SecretInvalidData', message: `Failed to parse signing CA keypair from ${sourceName}: ${loaded.problem.slice(0, MAX_PROBLEM)}`, digest };
}

/** A problem names subjects, which whoever writes the Secret may have made as long as that. */
const MAX_PROBLEM = 500;
