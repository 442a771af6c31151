import { randomBytes } from 'node:crypto';
import type { Certificate } from '../../src/core/certificate.ts';
import type { Plan } from '../../src/core/plan.ts';
import { planCertificate, type Planned } from '../../src/core/profile.ts';
import type { Lifetime, Signer } from '../../src/core/signer.ts';
import { DEFAULT_USAGES } from '../../src/core/usage.ts';
import type { TestAuthority } from './authority.ts';
import { NOON } from './clock.ts';
import { alternative, signer } from './policy.ts';
import { parsed, spiffe, type RequestShape } from './requests.ts';

export const SIGNER = 'clusterissuers.cert-manager.io/foo';

/** An allowed request and its circumstances; everything left out is a workload of foo at noon, for 24 hours. */
export type PlanShape = RequestShape & {
  readonly usages?: readonly string[];
  /** Seconds asked for; null: the signer's default. */
  readonly lifetime?: number | null;
  readonly limits?: Lifetime;
  readonly now?: Date;
  readonly serial?: Uint8Array;
};

/** What core plans for it under a CA of this chain, issuing CA first. */
export function planned(chain: readonly Certificate[], { usages = DEFAULT_USAGES, lifetime = null, limits = { default: 24 * 3600, max: 24 * 3600 }, now = NOON, serial = randomBytes(20), ...shape }: PlanShape = {}): Planned {
  const entry: Signer = signer(SIGNER, [alternative({ namespaces: ['foo'] })], { lifetime: limits });
  const [allowedBy] = entry.allow;
  if (allowedBy === undefined) throw new Error('the signer of the tests allows something');
  return planCertificate({ request: parsed({ names: [spiffe('foo')], ...shape }), usages, lifetime, signer: entry, alternative: allowedBy }, { chain, now, serial });
}

/** The plan; throws where core makes none. */
export function plan({ chain }: TestAuthority, shape: PlanShape = {}): Plan {
  const result = planned(chain, shape);
  if (!result.ok) throw new Error(`The test's own certificate is not planned: ${result.message}`);
  return result.plan;
}
