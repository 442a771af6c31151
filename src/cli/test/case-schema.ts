import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { parseIpAddress } from '../../core/ip-address.ts';
import { ALTERNATIVE_RULES, GENERAL_RULES } from '../../core/policy.ts';
import { USAGES, type Usage } from '../../core/usage.ts';
import { EXPIRATION } from '../explain/flags.ts';
import { MADE_KEYS } from '../made-request.ts';

const RULES = [...GENERAL_RULES, ...ALTERNATIVE_RULES].map(({ id }) => id);

const word = z.string('must be a text').min(1, 'must not be empty');
const words = z.union([z.array(word), word.transform((value) => [value])], 'must be a list of texts, or one text');
const USAGE = `must be a usage of spec.usages: ${USAGES.join(', ')}`;
const usage = z.enum(USAGES as [Usage, ...Usage[]], USAGE);
const usages = z.union([z.array(usage), usage.transform((value) => [value])], USAGE);
const duration = z.string('must be a duration such as "24h"').transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds === null || !Number.isSafeInteger(seconds)) context.addIssue({ code: 'custom', message: `"${value}" is not a duration of whole seconds: write e.g. "24h" or "90m"` });
  return seconds ?? 0;
});
const PRINTABLE = 'must be printable ASCII without spaces';
const name = z.string(PRINTABLE).regex(/^[!-~]+$/, PRINTABLE);
const names = z.union([z.array(name), name.transform((value) => [value])], PRINTABLE);
const address = z.string('must be an IP address').refine((value) => parseIpAddress(value) !== null, 'must be an IP address');
const addresses = z.union([z.array(address), address.transform((value) => [value])], 'must be an IP address');
const labels = z.record(word, z.string('must be a text; put a number in quotes'), 'must be a mapping of labels such as { tenant: foo }');

const request = z.strictObject({
  key: z.enum(MADE_KEYS, `must be one of ${MADE_KEYS.join(', ')}`).default('P-256'),
  uris: names.default([]),
  dnsNames: names.default([]),
  ipAddresses: addresses.default([]),
  commonName: word.nullable().default(null),
}, 'must be a mapping such as { uris: ["spiffe://cluster.local/ns/foo/sa/web"] }');

const certificate = z.strictObject({
  uris: names.optional(),
  dnsNames: names.optional(),
  ipAddresses: addresses.optional(),
  usages: usages.optional(),
  lifetime: duration.optional(),
  policy: word.optional(),
}, 'must be a mapping such as { lifetime: 24h }');

/** One case of `signet test`: a request, and what the policy is to say to it. */
export const caseSchema = z
  .strictObject({
    name: word.optional(),
    csr: word.optional(),
    request: request.optional(),
    signer: word.optional(),
    as: word.optional(),
    groups: words.optional(),
    usages: usages.optional(),
    annotations: z.record(word, z.string('must be a text'), 'must be a mapping').optional(),
    expiration: duration.refine((seconds) => seconds >= EXPIRATION.min && seconds <= EXPIRATION.max, `must be 10m to ${EXPIRATION.max}s, as the API server takes no other`).optional(),
    namespaceLabels: z.record(word, labels, 'must be a mapping of namespaces such as { foo: { tenant: a } }').default({}),
    expect: z.enum(['allowed', 'refused'], 'must be "allowed" or "refused"'),
    reason: z.enum(['PolicyViolation', 'InvalidRequest'], 'must be PolicyViolation or InvalidRequest').optional(),
    rule: z.enum(RULES as [string, ...string[]], `must be one of ${RULES.join(', ')}`).optional(),
    field: word.optional(),
    certificate: certificate.optional(),
  }, 'must be a mapping with "expect"')
  .superRefine((given, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if ((given.csr === undefined) === (given.request === undefined)) wrong(given.csr === undefined ? 'request' : 'csr', given.csr === undefined ? 'must be there, or "csr"' : 'must not stand beside "request"');
    if (given.request !== undefined) for (const key of ['signer', 'as'] as const) if (given[key] === undefined) wrong(key, 'must be there beside "request"');
    if (given.expect === 'allowed') for (const key of ['reason', 'rule', 'field'] as const) if (given[key] !== undefined) wrong(key, 'is about what is refused; expect is "allowed"');
    if (given.expect === 'refused' && given.certificate !== undefined) wrong('certificate', 'is about what is allowed; expect is "refused"');
  });

export type CaseDocument = z.output<typeof caseSchema>;
