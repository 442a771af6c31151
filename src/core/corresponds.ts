import type { Certificate } from './certificate.ts';
import { issuedBy } from './chain.ts';
import { generalNameText } from './general-name.ts';
import type { Plan } from './plan.ts';
import { leafExtensions } from './template.ts';
import { usageNames } from './usage.ts';
import type { Violation } from './violation.ts';

/**
 * Compares what a CA returned with what was planned. Empty: the certificate is the plan, signed by the CA that the plan
 * names, and the chain leads to the anchor. Anything else never leaves the process: a CA that answers with another key, name, usage
 * or validity, by mistake or by force, must not become somebody's identity.
 * `chain`: the leaf first, then the CA certificates up to `anchor`, inclusive.
 */
export function corresponds(plan: Plan, chain: readonly Certificate[], anchor: Certificate): Violation[] {
  const [leaf, issuer] = chain;
  if (leaf === undefined || issuer === undefined) return [{ field: 'chain', found: `${chain.length} certificates`, allowed: 'the leaf and its issuer at least' }];
  const expected = leafExtensions(plan, issuer);
  return [
    ...differs('serial', hex(leaf.serial), hex(plan.serial)),
    ...differs('public key', hex(leaf.publicKey.spki), hex(plan.publicKey.spki)),
    ...differs('subject', hex(leaf.subject.der), hex(plan.subject)),
    ...differs('subjectAltName', leaf.names.map(generalNameText).join(', '), plan.names.map(generalNameText).join(', ')),
    ...differs('keyUsage', usageNames(leaf.keyUsage ?? [], []).join(', '), usageNames(plan.keyUsage, []).join(', ')),
    ...differs('extKeyUsage', usageNames([], [...leaf.extendedKeyUsage].sort()).join(', '), usageNames([], plan.extendedKeyUsage).join(', ')),
    ...differs('basicConstraints', leaf.basicConstraints?.ca === false ? 'CA:FALSE' : 'CA:TRUE or none', 'CA:FALSE'),
    ...differs('notBefore', leaf.notBefore.toISOString(), plan.notBefore.toISOString()),
    ...differs('notAfter', leaf.notAfter.toISOString(), plan.notAfter.toISOString()),
    ...differs('issuer', issuer.fingerprint, plan.issuer),
    ...differs('extensions', leaf.extensions.map(extensionText).sort().join(' '), expected.map(extensionText).sort().join(' ')),
    ...brokenLinks(chain),
    ...differs('anchor', chain.at(-1)?.fingerprint ?? '', anchor.fingerprint),
  ];
}

function brokenLinks(chain: readonly Certificate[]): Violation[] {
  return chain.slice(1).flatMap((parent, i) => {
    const child = chain[i];
    return child !== undefined && issuedBy(child, parent) ? [] : [{ field: 'chain', found: `certificate ${i} is not issued by the next`, allowed: 'each issued by the next' }];
  });
}

function differs(field: string, found: string, allowed: string): Violation[] {
  return found === allowed ? [] : [{ field, found, allowed }];
}

function extensionText({ oid, critical, value }: { oid: string; critical: boolean; value: Uint8Array }): string {
  return `${oid}${critical ? '!' : ''}=${hex(value)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
