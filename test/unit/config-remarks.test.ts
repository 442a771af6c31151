import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { remarks } from '../../src/config/remarks.ts';

type Case = {
  readonly what: string;
  readonly odd: string;
  /** Path and beginning of the message. */
  readonly told: readonly [path: string, message: RegExp];
  /** The same with one detail changed, of which nothing like it is said. */
  readonly fine: string;
};

const ISTIOD = 'system:serviceaccount:istio-system:istiod';
const VOUCHING = `requesters: { user: "${ISTIOD}", vouches: { namespaces: "*" } }\n`;

const CASES: readonly Case[] = [
  { what: 'a namespace in two signers', odd: signers('{ namespaces: a }', '{ namespaces: [b, a] }'), told: ['signers[1].allow[0].namespaces[1]', /^"a" is in signer "example.test\/s0" too/], fine: signers('{ namespaces: a }', '{ namespaces: [b, c] }') },
  { what: 'a namespace that another signer has by a pattern', odd: signers('{ namespaces: team-a }', '{ namespaces: "team-*" }'), told: ['signers[1].allow[0].namespaces[0]', /^namespaces such as "team-a" are in signer "example.test\/s0" too, by "team-a"/], fine: signers('{ namespaces: teams-a }', '{ namespaces: "team-*" }') },
  { what: 'a pattern before the name', odd: signers('{ namespaces: "team-*" }', '{ namespaces: team-a }'), told: ['signers[1].allow[0].namespaces[0]', /^namespaces such as "team-a" are in signer "example.test\/s0" too, by "team-\*"/], fine: signers('{ namespaces: "team-*" }', '{ namespaces: teams }') },
  { what: 'patterns that cross', odd: signers('{ namespaces: "team-*" }', '{ namespaces: "*-prod" }'), told: ['signers[1].allow[0].namespaces[0]', /^namespaces such as "team-prod" are in signer/], fine: signers('{ namespaces: "team-*-dev" }', '{ namespaces: "*-prod" }') },
  { what: 'one selector in two signers', odd: signers('{ namespaces: { matchLabels: { t: a } } }', '{ namespaces: { matchLabels: { t: a } } }'), told: ['signers[1].allow[0].namespaces[0]', /^"\{t=a\}" is in signer/], fine: signers('{ namespaces: { matchLabels: { t: a } } }', '{ namespaces: { matchLabels: { t: b } } }') },
  { what: 'unclaimed in two signers', odd: signers('{ namespaces: unclaimed }', '{ namespaces: unclaimed }'), told: ['signers[1].allow[0].namespaces[0]', /^"unclaimed" is in signer/], fine: signers('{ namespaces: unclaimed }', '{ namespaces: a }') },
  { what: 'a namespace in two signers, for accounts that meet', odd: signers('{ namespaces: a, serviceAccounts: "a/web-*" }', '{ namespaces: a, serviceAccounts: "*/*-1" }'), told: ['signers[1].allow[0].namespaces[0]', /^"a" is in signer/], fine: signers('{ namespaces: a, serviceAccounts: "a/web-*" }', '{ namespaces: a, serviceAccounts: "a/db-*" }') },
  { what: 'every namespace beside other signers', odd: signers('{ namespaces: a }', '{ namespaces: "*" }'), told: ['signers[1].allow[0].namespaces[0]', /^"\*" includes the namespaces/], fine: signers('{ namespaces: a }', '{ namespaces: unclaimed }') },
  { what: 'every namespace in two signers', odd: signers('{ namespaces: "*" }', '{ namespaces: "**" }'), told: ['signers[1].allow[0].namespaces[0]', /^"\*" is in signer "example.test\/s0" too: every workload/], fine: signers('{ namespaces: "*" }', '{ namespaces: "*a" }') },
  { what: 'a selector of what has not a label', odd: signers('{ namespaces: { matchExpressions: [{ key: frozen, operator: DoesNotExist }] } }'), told: ['signers[0].allow[0].namespaces[0]', /^"!frozen" selects every namespace without/], fine: signers('{ namespaces: { matchExpressions: [{ key: frozen, operator: DoesNotExist }, { key: a, operator: Exists }] } }') },
  { what: 'every DNS name of two labels', odd: VOUCHING + signers(`{ requesters: "${ISTIOD}", dnsNames: "*.*" }`), told: ['signers[0].allow[0].dnsNames[0]', /^"\*\.\*" is every DNS name of 2 labels/], fine: VOUCHING + signers(`{ requesters: "${ISTIOD}", dnsNames: "*.a" }`) },
  { what: 'every address', odd: VOUCHING + signers(`{ requesters: "${ISTIOD}", ipAddresses: [10.0.0.0/8, "::/0"] }`), told: ['signers[0].allow[0].ipAddresses[1]', /^is every IPv6 address/], fine: VOUCHING + signers(`{ requesters: "${ISTIOD}", ipAddresses: [10.0.0.0/8, "::/1"] }`) },
  { what: 'names that nobody vouches for beside workloads', odd: signers(`{ requesters: "${ISTIOD}", namespaces: istio-system, dnsNames: a.test }`), told: ['signers[0].allow[0]', /^no requester vouches for this signer/], fine: VOUCHING + signers(`{ requesters: "${ISTIOD}", namespaces: istio-system, dnsNames: a.test }`) },
  { what: 'workloads that the requester does not vouch for beside names', odd: VOUCHING.replace('"*"', 'b') + signers(`{ requesters: "${ISTIOD}", namespaces: a, dnsNames: a.test }`), told: ['signers[0].allow[0].namespaces', /^no requester of this entry vouches for such workloads/], fine: VOUCHING.replace('"*"', 'a') + signers(`{ requesters: "${ISTIOD}", namespaces: a, dnsNames: a.test }`) },
  { what: 'one of two trust domains that nobody vouches for', odd: VOUCHING + signers('{ namespaces: a, trustDomains: [cluster.local, partner.test] }'), told: ['signers[0].allow[0].trustDomains[1]', /^no requester vouches for such workloads of "partner.test"/], fine: VOUCHING.replace('"*"', '"*", trustDomains: partner.test') + signers('{ namespaces: a, trustDomains: [cluster.local, partner.test] }') },
  { what: 'one of two requesters that is never believed', odd: VOUCHING + signers(`{ requesters: ["${ISTIOD}", "system:serviceaccount:b:c"], namespaces: a }`), told: ['signers[0].allow[0].requesters[1]', /^"system:serviceaccount:b:c" is never believed here/], fine: VOUCHING + signers(`{ requesters: ["${ISTIOD}", "system:serviceaccount:a:c"], namespaces: a }`) },
  { what: 'a requester that may nothing', odd: `requesters: { user: "${ISTIOD}" }\n${signers('{ namespaces: a }')}`, told: ['requesters[0]', /^neither approves nor vouches/], fine: `requesters: { user: "${ISTIOD}", approves: true }\n${signers('{ namespaces: a }')}` },
  { what: 'a requester that vouches for what no signer allows', odd: VOUCHING.replace('"*"', 'b') + signers('{ namespaces: a }'), told: ['requesters[0].vouches', /^no signer allows anything/], fine: VOUCHING.replace('"*"', 'b') + signers('{ namespaces: unclaimed }') },
  { what: 'external approval by nobody', odd: signers('{ namespaces: a }').replace('allow:', 'approval: external, allow:'), told: ['signers[0].approval', /^nobody in this file approves for it/], fine: signers('{ namespaces: a }').replace('allow:', 'approval: external, approvers: { user: admin }, allow:') },
  { what: 'shared trust alone', odd: signers('{ namespaces: a }', '{ namespaces: b }').replace('allow:', 'sharedTrust: true, allow:'), told: ['signers[0].sharedTrust', /^has no effect/], fine: signers('{ namespaces: a }', '{ namespaces: b }') },
  { what: 'shared trust of two', odd: signers('{ namespaces: a }', '{ namespaces: b }').replaceAll('allow:', 'sharedTrust: true, allow:'), told: ['signers[0].sharedTrust', /^whoever trusts one of "example.test\/s0", "example.test\/s1" may accept/], fine: signers('{ namespaces: a }', '{ namespaces: b }') },
];

for (const { what, odd, told: [path, message], fine } of CASES) {
  test(`a note tells of ${what}, and not of its twin`, () => {
    const notes = remarksOf(odd);
    assert.ok(notes.some((note) => note.path === path && message.test(note.message)), JSON.stringify(notes));
    const [place, text] = [path.replace(/\[\d+\]$/, ''), message];
    assert.deepEqual(remarksOf(fine).filter((note) => note.path.startsWith(place) && text.test(note.message)), []);
  });
}

test('the usual configuration of a mesh has no note', () => {
  const text = `guard: true
publish: { meshConfig: { configMap: istio-system/signet-mesh } }
requesters:
  - { user: "${ISTIOD}", approves: true, vouches: { namespaces: ["*"] } }
${signers('{ namespaces: foo }', '{ namespaces: bar }', '{ namespaces: { matchLabels: { tenant: a } } }', `[{ namespaces: unclaimed }, { requesters: "${ISTIOD}", dnsNames: "*.istio-system.svc", ipAddresses: 127.0.0.0/8 }]`)}`;
  assert.deepEqual(remarksOf(text), []);
});

test('a thousand signers are looked through in a moment', () => {
  const started = performance.now();
  const notes = remarksOf(VOUCHING + signers(...Array.from({ length: 1000 }, (_, i) => `{ namespaces: [n${i}, "team-${i}-*"] }`)));
  assert.deepEqual(notes.filter(({ path }) => path.startsWith('signers')), []);
  // Seconds on a starved machine; if each were compared with each, pattern by pattern, it would be many minutes.
  assert.ok(performance.now() - started < 60_000);
});

function signers(...allow: string[]): string {
  return `signers:\n${allow.map((each, i) => `  - { name: example.test/s${i}, ca: { secret: cas/s${i} }, allow: ${each} }\n`).join('')}`;
}

function remarksOf(text: string): { path: string; message: string }[] {
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, `${JSON.stringify(parsed)}\n${text}`);
  return remarks(parsed.config);
}
