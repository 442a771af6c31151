import { Unavailable } from '../../control/errors.ts';
import type { AdoptingAuthority, AuthorityState } from '../../control/ports.ts';
import { adoption } from '../../core/adopt.ts';
import { caTrouble, type CaTrouble } from '../../core/ca-validity.ts';
import type { Certificate } from '../../core/certificate.ts';
import type { Plan } from '../../core/plan.ts';
import type { Claim } from './conflict.ts';
import { signLocally } from './local.ts';
import { digestOf, loadPair, type CaPair, type LoadedPair, type PairFiles } from './pair.ts';

export type SecretAuthorityOptions = {
  readonly anchor: 'root' | 'issuer';
  /** Default false. */
  readonly sharedTrust?: boolean;
  /** Seconds that this signer's certificates live by default: a CA that ends sooner than a tenth of it does not sign. */
  readonly lifetime: number;
  /** For messages: `Secret cert-manager/foo-ca`. */
  readonly sourceName: string;
  /** For messages: Signet's own Secret. */
  readonly ownName: string;
  /** Writes Signet's own Secret; throws Unavailable. */
  readonly keep: (files: PairFiles, signal: AbortSignal) => Promise<void>;
  /** Why the pair may not be used beside those of the other signers, in words that may name them; null: it may. */
  readonly conflict: (pair: CaPair) => string | null;
  readonly now: () => Date;
};

/** Requesters are told this, and not which other signer. */
const APART = 'it cannot be told apart from that of another signer; the log and "signet signers" say which';

/**
 * A CA from a Secret. Somebody else writes the source; the pair in use is kept in a Secret of Signet's own, so that a source that
 * is replaced, broken or deleted changes nothing until the new pair is adopted. Both are given to it as they change (`offer`,
 * `restore`); `reconcile` then decides, and makes at most one write.
 */
export class SecretAuthority implements AdoptingAuthority, Claim {
  readonly signsHere = true;
  readonly #options: SecretAuthorityOptions;
  /** undefined: not heard of yet. */
  #offered: LoadedPair | undefined;
  #kept: LoadedPair | null | undefined;
  #inUse: CaPair | null = null;
  #held: string | null = null;
  /** On its way into Signet's own Secret. */
  #keeping: CaPair | null = null;
  /** What was looked at last and was no pair. */
  #bad: { readonly digest: string; readonly loaded: LoadedPair } | null = null;
  /** What waits cannot be used beside another signer's CA. */
  #clashes = false;

  constructor(options: SecretAuthorityOptions) {
    this.#options = options;
  }

  get tried(): boolean {
    return this.#offered !== undefined && this.#kept !== undefined;
  }

  /** The pair that signs now; null before there is one. */
  get inUse(): CaPair | null {
    return this.#inUse;
  }

  /** What other signers' pairs are compared with: a pair that is being kept is as good as in use. */
  get claimed(): CaPair | null {
    return this.#inUse ?? this.#keeping;
  }

  /** The pair of the source; null while there is no good one. */
  get offered(): CaPair | null {
    return this.#offered?.ok === true ? this.#offered.pair : null;
  }

  get sharedTrust(): boolean {
    return this.#options.sharedTrust === true;
  }

  /** The source Secret as it is now; null: there is none. */
  offer(files: PairFiles | null): void {
    this.#offered = files === null ? { ok: false, problem: 'does not exist' } : this.#load(files);
  }

  /** Signet's own Secret as it is now; null: there is none. A pair in use stays in use when its Secret is deleted or broken. */
  restore(files: PairFiles | null): void {
    this.#kept = files === null ? null : this.#load(files);
    if (this.#kept?.ok === true) this.#inUse = this.#kept.pair;
  }

  /** One of the two cannot be read, for want of a right: known as far as it can be, so that one tenant does not hold up the process. */
  unreadable(which: 'source' | 'own', why: string): void {
    if (which === 'source') this.#offered ??= { ok: false, problem: `cannot be read: ${why}` };
    else this.#kept ??= { ok: false, problem: `cannot be read: ${why}` };
  }

  /**
   * Adopts, holds or keeps (core/adopt), after mending Signet's own Secret where somebody damaged it. Resolves with what is worth
   * telling, or null. Throws Unavailable when the own Secret cannot be written; nothing is in use that was not kept first.
   */
  async reconcile(signal: AbortSignal): Promise<string | null> {
    if (this.#offered === undefined || this.#kept === undefined) return null;
    if (this.#inUse !== null && this.#kept?.ok !== true) {
      const { files } = this.#inUse;
      await this.#options.keep(files, signal);
      this.#kept = { ok: true, pair: this.#inUse };
      return `${this.#options.ownName} was gone or damaged and is written anew`;
    }
    // Without a readable copy nobody knows which pair was in use: adopting another now would be the blind change that the copy prevents.
    if (this.#kept?.ok === false) return null;
    if (!this.#offered.ok) return this.#hold(this.#inUse === null ? null : `${this.#options.sourceName} ${this.#offered.problem}; the pair in use goes on`);
    return this.#decide(this.#offered.pair, signal);
  }

  /** Most of the time both Secrets hold the same bytes: then one pair, read and checked once. Nor is a bad one checked again as often as somebody annotates its Secret. */
  #load(files: PairFiles): LoadedPair {
    const digest = digestOf(files);
    const same = [this.#offered, this.#kept].find((each) => each?.ok === true && digestOf(each.pair.files) === digest);
    if (same?.ok === true) return same;
    if (this.#bad?.digest === digest) return this.#bad.loaded;
    const loaded = loadPair(files, this.#options);
    if (!loaded.ok) this.#bad = { digest, loaded };
    return loaded;
  }

  async #decide(offered: CaPair, signal: AbortSignal): Promise<string | null> {
    const { sourceName, conflict, keep, now } = this.#options;
    const verdict = adoption(this.#inUse, offered, now());
    const clash = conflict(verdict.do === 'keep' ? (this.#inUse ?? offered) : offered);
    this.#clashes = clash !== null;
    if (clash !== null) return this.#hold(`${verdict.do === 'keep' ? 'the pair in use' : `${sourceName} holds a pair that`} cannot be used: ${clash}`);
    if (verdict.do === 'keep') return this.#hold(null);
    // A pair that may not sign beside the others has no certificates to protect.
    const replaces = this.#inUse !== null && conflict(this.#inUse) !== null;
    if (verdict.do === 'hold' && !(replaces && caTrouble(offered.chain, now(), 0) === null)) return this.#hold(`${sourceName} holds a pair that ${this.#inUse === null ? 'cannot be used' : 'waits for a rotation'}: ${verdict.why}`);
    this.#keeping = offered;
    try {
      await keep(offered.files, signal);
    } finally {
      this.#keeping = null;
    }
    this.#kept = { ok: true, pair: offered };
    this.#inUse = offered;
    this.#held = null;
    return `adopted the pair of ${sourceName}: ${verdict.do === 'adopt' ? verdict.why : 'the pair before it could not be used'}`;
  }

  state(): AuthorityState {
    if (this.#inUse === null) return { ready: false, ...this.#absence() };
    const clash = this.#options.conflict(this.#inUse);
    if (clash !== null) return { ready: false, reason: 'CertificateAuthorityUnavailable', message: APART, detail: clash };
    const { chain, anchor } = this.#inUse;
    const trouble = caTrouble(chain, this.#options.now(), this.#options.lifetime);
    if (trouble !== null) return { ready: false, ...trouble };
    return { ready: true, authority: { chain, anchor }, held: this.#held };
  }

  async issue(plan: Plan, _signal: AbortSignal): Promise<readonly Certificate[]> {
    if (this.#inUse === null) throw new Unavailable(this.#problem());
    return signLocally(plan, this.#inUse);
  }

  /** Why nothing is in use. A pair that is over is that, also where it never was in use. */
  #absence(): CaTrouble & { readonly detail?: string } {
    const trouble = this.#kept === null && this.#offered?.ok === true ? caTrouble(this.#offered.pair.chain, this.#options.now(), 0) : null;
    const reason = trouble?.reason ?? 'CertificateAuthorityUnavailable';
    return this.#clashes ? { reason, message: APART, detail: this.#problem() } : { reason, message: this.#problem() };
  }

  #problem(): string {
    const { sourceName, ownName } = this.#options;
    if (this.#kept?.ok === false) return `${ownName}, the copy of the pair in use, ${this.#kept.problem}; put it right, or delete it to begin anew with ${sourceName}`;
    if (this.#offered === undefined) return `${sourceName} has not been read yet`;
    if (!this.#offered.ok) return `${sourceName} ${this.#offered.problem}`;
    return this.#held ?? `${sourceName} is not adopted yet`;
  }

  /** Remembers what waits; tells it once. */
  #hold(text: string | null): string | null {
    const news = text !== null && text !== this.#held ? text : null;
    this.#held = text;
    return news;
  }
}
