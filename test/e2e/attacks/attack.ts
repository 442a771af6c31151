import type { X509Certificate } from 'node:crypto';
import type { Observed } from '../../../src/core/observed.ts';
import type { SignerName, World } from './world.ts';

/** Whose hands an attack is made with. */
export type Actor = 'pod' | 'istiod' | 'service account' | 'user' | 'node' | 'approver' | 'controller' | 'network peer';

/** A refusal of Signet's own: the rules that the request breaks, or the part of it that cannot be read. */
export type BySignet = { readonly rules: readonly string[] } | { readonly unreadable: string };
export type StoppedBy = 'API server' | 'istiod' | 'guard' | { readonly signet: BySignet };

/** What became of an attempt. */
export type Outcome =
  | { readonly got: 'certificate'; readonly leaf: X509Certificate }
  /** Harm that is no certificate. */
  | { readonly got: 'effect'; readonly what: string }
  | { readonly got: 'refusal'; readonly by: 'API server' | 'istiod' | 'guard'; /** As its answer says. */ readonly message: string }
  | { readonly got: 'refusal'; readonly by: 'Signet'; readonly reason: string; readonly message: string; /** The request as Signet had it when it refused. */ readonly observed: Observed };

/** An attack, who stops it, and a twin that differs from it in one detail and gets its certificate in the same run. */
export type Attack = {
  /** A sentence without its end: what is tried. */
  readonly title: string;
  readonly by: Actor;
  readonly stoppedBy: StoppedBy;
  /** What the refusal must say. */
  readonly cause: RegExp;
  readonly attempt: (world: World) => Promise<Outcome>;
  readonly twin: Twin;
};

export type Twin = {
  /** What is different, and nothing else is. */
  readonly title: string;
  readonly attempt: (world: World) => Promise<Outcome>;
  /** The subjectAltName of its certificate as Node writes it, and whose CA made it. */
  readonly name: string;
  readonly signer: SignerName;
};

/** An attack that guard stops, and what becomes of it where guard is not installed: what is done, or how Signet stops it. */
export type GuardedAttack = Attack & { readonly stoppedBy: 'guard'; readonly withoutGuard: { readonly possible: string } | { readonly signet: BySignet } };

/** An attack on requests that wait while Signet is away; `attempt` and the twin's look at what became of them. */
export type LateAttack = Attack & { /** Makes the requests, with Signet stopped. */ readonly prepare: (world: World) => Promise<void> };

export type AttackClass = { readonly title: string; readonly attacks: readonly Attack[]; /** How many at a time; agents are processes of their own. */ readonly concurrency?: number };
