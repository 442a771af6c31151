import type { Certificate } from './certificate.ts';
import { issuedBy, namesIssuer } from './chain.ts';
import type { Extension } from './extension.ts';
import { generalNameText } from './general-name.ts';
import type { Plan } from './plan.ts';
import { type ExtensionTemplate, leafExtensions } from './template.ts';
import { usageNames } from './usage.ts';
import type { Violation } from './violation.ts';

/**
 * Compares what a CA returned with what was planned. Empty: the certificate is the plan, signed by the CA that the plan
 * names, and the chain leads to the anchor. Anything else never leaves the process: a CA that answers with another key, name, usage
 * or validity, by mistake or by force, must not become somebody's identity.
 * `chain`: the leaf first, then the CA certificates up to `anchor`, inclusive. `signedHere`: the leaf's signature was made in this process, by a key
 * that was compared with its certificate before; then it is not verified again, which would take a quarter of the time of the whole certificate.
 */
export function corresponds(plan: Plan, chain: readonly Certificate[], anchor: Certificate, { signedHere = false }: { signedHere?: boolean } = {}): Violation[] {
  const [leaf, issuer] = chain;
  if (leaf === undefined || issuer === undefined) return [{ field: 'chain', found: `${chain.length} certificates`, allowed: 'the leaf and its issuer at least' }];
  return [
    ...bytesDiffer('serial', leaf.serial, plan.serial),
    ...bytesDiffer('public key', leaf.publicKey.spki, plan.publicKey.spki),
    ...bytesDiffer('subject', leaf.subject.der, plan.subject),
    ...differs('subjectAltName', leaf.names.map(generalNameText).join(', '), plan.names.map(generalNameText).join(', ')),
    ...differs('keyUsage', usageNames(leaf.keyUsage ?? [], []).join(', '), usageNames(plan.keyUsage, []).join(', ')),
    ...differs('extKeyUsage', usageNames([], [...leaf.extendedKeyUsage].sort()).join(', '), usageNames([], plan.extendedKeyUsage).join(', ')),
    ...differs('basicConstraints', leaf.basicConstraints === null ? 'none' : caText(leaf.basicConstraints.ca), caText(plan.requested?.ca === true)),
    ...timesDiffer('notBefore', leaf.notBefore, plan.notBefore),
    ...timesDiffer('notAfter', leaf.notAfter, plan.notAfter),
    ...differs('issuer', issuer.fingerprint, plan.issuer),
    ...extensionsDiffer(leaf.extensions, leafExtensions(plan, issuer)),
    ...brokenLinks(chain, signedHere),
    ...differs('anchor', chain.at(-1)?.fingerprint ?? '', anchor.fingerprint),
  ];
}

/** As sets: each of one is in the other. The reader lets no object identifier pass twice. */
function extensionsDiffer(found: readonly Extension[], allowed: readonly ExtensionTemplate[]): Violation[] {
  const same = found.length === allowed.length && allowed.every(({ oid, critical, value }) => found.some((each) => each.oid === oid && each.critical === critical && isEqual(each.value, value)));
  return same ? [] : [{ field: 'extensions', found: found.map(extensionText).sort().join(' '), allowed: allowed.map(extensionText).sort().join(' ') }];
}

function brokenLinks(chain: readonly Certificate[], signedHere: boolean): Violation[] {
  return chain.slice(1).flatMap((parent, i) => {
    const child = chain[i];
    const leads = i === 0 && signedHere ? namesIssuer : issuedBy;
    return child !== undefined && leads(child, parent) ? [] : [{ field: 'chain', found: `certificate ${i} is not issued by the next`, allowed: 'each issued by the next' }];
  });
}

function caText(ca: boolean): string {
  return ca ? 'CA:TRUE' : 'CA:FALSE';
}

function differs(field: string, found: string, allowed: string): Violation[] {
  return found === allowed ? [] : [{ field, found, allowed }];
}

function bytesDiffer(field: string, found: Uint8Array, allowed: Uint8Array): Violation[] {
  return isEqual(found, allowed) ? [] : [{ field, found: hex(found), allowed: hex(allowed) }];
}

function timesDiffer(field: string, found: Date, allowed: Date): Violation[] {
  return found.getTime() === allowed.getTime() ? [] : [{ field, found: found.toISOString(), allowed: allowed.toISOString() }];
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function extensionText({ oid, critical, value }: { oid: string; critical: boolean; value: Uint8Array }): string {
  return `${oid}${critical ? '!' : ''}=${hex(value)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
