import type { AlternativeRule, Case } from './policy.ts';
import { keyName, type KeyAlgorithm } from './public-key.ts';
import type { Alternative, KeyRule } from './signer.ts';
import { extendedKeyUsages, isUsage, keyUsageBits, usageNames } from './usage.ts';
import { fittingKeyUsage } from './key-usage.ts';
import { quoted, type Violation } from './violation.ts';

/** Rules of one alternative about the key and what it may be used for. */
export const limitRules: readonly AlternativeRule[] = [
  { id: 'key', check: key },
  { id: 'usages', check: usages },
  { id: 'usages-fit-key', check: usagesFitKey },
];

function key({ request }: Case, { keys }: Alternative): Violation[] {
  const { algorithm } = request.publicKey;
  return keys.some((rule) => acceptsKey(rule, algorithm))
    ? []
    : [{ field: 'spec.request.publicKey', found: keyName(algorithm), allowed: keys.map(keyRuleText).join(', ') }];
}

function acceptsKey(rule: KeyRule, algorithm: KeyAlgorithm): boolean {
  switch (rule.type) {
    case 'RSA':
      return algorithm.type === 'RSA' && algorithm.bits >= rule.minBits && algorithm.bits <= rule.maxBits;
    case 'ECDSA':
      return algorithm.type === 'ECDSA' && algorithm.curve === rule.curve;
    case 'Ed25519':
      return algorithm.type === 'Ed25519';
  }
}

export function keyRuleText(rule: KeyRule): string {
  switch (rule.type) {
    case 'RSA':
      return rule.minBits === rule.maxBits ? `RSA-${rule.minBits}` : `RSA-${rule.minBits} to RSA-${rule.maxBits}`;
    case 'ECDSA':
      return rule.curve;
    case 'Ed25519':
      return 'Ed25519';
  }
}

function usages(c: Case, alternative: Alternative): Violation[] {
  return c.usages.flatMap((usage) =>
    isUsage(usage) && alternative.usages.includes(usage)
      ? []
      : [{ field: 'spec.usages', found: quoted(usage), allowed: alternative.usages.map(quoted).join(', ') }],
  );
}

/**
 * Usages that the key, or what it is for, cannot have are dropped, not refused: Istio asks for key encipherment with EC keys too. But where
 * no key usage is left, or none was asked for, a certificate without the extension would be good for all of them (RFC 5280 §4.2.1.3).
 */
function usagesFitKey(c: Case): Violation[] {
  const usages = c.usages.filter(isUsage);
  const [bits, extended] = [keyUsageBits(usages), extendedKeyUsages(usages)];
  const { algorithm } = c.request.publicKey;
  return fittingKeyUsage(algorithm, bits, extended).length === 0
    ? [{ field: 'spec.usages', found: `${usageNames(bits, extended).join(', ') || 'none'} with a ${keyName(algorithm)} key`, allowed: 'a usage that this key can have for that purpose, e.g. "digital signature"' }]
    : [];
}
