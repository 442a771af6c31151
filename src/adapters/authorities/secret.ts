import { Unavailable } from '../../control/errors.ts';
import type { Authority, AuthorityState } from '../../control/ports.ts';
import { adoption } from '../../core/adopt.ts';
import type { Certificate } from '../../core/certificate.ts';
import type { Plan } from '../../core/plan.ts';
import { signLocally } from './local.ts';
import { loadPair, type CaPair, type LoadedPair, type PairFiles } from './pair.ts';

export type SecretAuthorityOptions = {
  readonly anchor: 'root' | 'issuer';
  /** For messages: `Secret cert-manager/foo-ca`. */
  readonly sourceName: string;
  /** Writes Signet's own Secret; throws Unavailable. */
  readonly keep: (files: PairFiles, signal: AbortSignal) => Promise<void>;
  /** Why the pair may not be used beside those of the other signers; null: it may. */
  readonly conflict: (pair: CaPair) => string | null;
  readonly now: () => Date;
};

/**
 * A CA from a Secret. Somebody else writes the source; the pair in use is kept in a Secret of Signet's own, so that a source that
 * is replaced, broken or deleted changes nothing until the new pair is adopted. Both are given to it as they change (`offered`, `kept`);
 * `reconcile` then decides, and makes at most one write.
 */
export class SecretAuthority implements Authority {
  readonly #options: SecretAuthorityOptions;
  /** undefined: not heard of yet. */
  #offered: LoadedPair | undefined;
  #kept: LoadedPair | null | undefined;
  #inUse: CaPair | null = null;
  #held: string | null = null;

  constructor(options: SecretAuthorityOptions) {
    this.#options = options;
  }

  /** Whether both Secrets have been looked for: from then on a missing CA is a state, not ignorance. */
  get tried(): boolean {
    return this.#offered !== undefined && this.#kept !== undefined;
  }

  /** The pair that signs now; null before there is one. */
  get inUse(): CaPair | null {
    return this.#inUse;
  }

  /** The source Secret as it is now; null: there is none. */
  offer(files: PairFiles | null): void {
    this.#offered = files === null ? { ok: false, problem: 'does not exist' } : loadPair(files, this.#options);
  }

  /** Signet's own Secret as it is now; null: there is none. A pair in use stays in use when its Secret is deleted or broken. */
  restore(files: PairFiles | null): void {
    this.#kept = files === null ? null : loadPair(files, this.#options);
    if (this.#kept?.ok === true) this.#inUse = this.#kept.pair;
  }

  /**
   * Adopts, holds or keeps (core/adopt). Resolves with what is worth telling: a pair adopted or held, or null.
   * Throws Unavailable when the own Secret cannot be written; nothing is in use that was not kept first.
   */
  async reconcile(signal: AbortSignal): Promise<string | null> {
    if (this.#offered === undefined || this.#kept === undefined) return null;
    if (!this.#offered.ok) {
      return this.#hold(this.#inUse === null ? null : `${this.#options.sourceName} ${this.#offered.problem}; the pair in use goes on`);
    }
    const offered = this.#offered.pair;
    const verdict = adoption(this.#inUse, offered);
    switch (verdict.do) {
      case 'keep':
        return this.#hold(null);
      case 'hold':
        return this.#hold(`${this.#options.sourceName} holds a pair that waits for a rotation: ${verdict.why}`);
      case 'adopt':
        await this.#options.keep(offered.files, signal);
        this.#kept = this.#offered;
        this.#inUse = offered;
        this.#held = null;
        return `adopted the pair of ${this.#options.sourceName}: ${verdict.why}`;
    }
  }

  state(): AuthorityState {
    const { sourceName, conflict, now } = this.#options;
    if (this.#inUse === null) return { ready: false, reason: 'CertificateAuthorityUnavailable', message: `${sourceName} ${this.#problem()}` };
    const clash = conflict(this.#inUse);
    if (clash !== null) return { ready: false, reason: 'CertificateAuthorityUnavailable', message: clash };
    const { chain, anchor } = this.#inUse;
    const expired = chain.find(({ notAfter }) => notAfter <= now());
    if (expired !== undefined) return { ready: false, reason: 'CertificateAuthorityExpired', message: `the CA expired at ${expired.notAfter.toISOString()}` };
    return { ready: true, authority: { chain, anchor }, held: this.#held };
  }

  async issue(plan: Plan, _signal: AbortSignal): Promise<readonly Certificate[]> {
    if (this.#inUse === null) throw new Unavailable(`${this.#options.sourceName} ${this.#problem()}`);
    return signLocally(plan, this.#inUse);
  }

  #problem(): string {
    if (this.#offered === undefined) return 'has not been read yet';
    return this.#offered.ok ? 'is not adopted yet' : this.#offered.problem;
  }

  /** Remembers what waits; tells it once. */
  #hold(text: string | null): string | null {
    const news = text !== null && text !== this.#held ? text : null;
    this.#held = text;
    return news;
  }
}
