import { durationText } from '../../core/duration.ts';
import type { AlternativeTerms } from '../../core/alternative-terms.ts';
import type { RuleViolation, StepExplained } from '../../core/explain.ts';
import { quoted, violationText } from '../../core/violation.ts';
import { style, type Style } from '../style.ts';
import type { Report } from './report.ts';

/** For people: what was asked, what the policy says to it, what comes of it; the answer is the last line. */
export function explanationText(report: Report, { colour }: { colour: boolean }): string {
  const paint = style(colour);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Request', requestLines(report, paint)],
    ['Policy', policyLines(report, paint)],
    ['What Signet does', stepLines(report)],
    ['Certificate', certificateLines(report)],
    ['Other signers', otherSigners(report)],
    ['So far', statusLines(report, paint)],
    ['Notes', report.notes],
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0).map(([title, lines]) => `${paint.bold(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return `${shown.join('\n')}\n${answer(report, paint)}\n`;
}

function requestLines(report: Report, { red }: Style): string[] {
  const { source, signer, requester, request, asked, state } = report;
  return [
    `name         ${quoted(source.name)}, ${state}`,
    `signer       ${quoted(signer.name)}${signer.issuer === null ? '' : `, ${signer.issuer} of cert-manager`}${signer.served ? `, approval: ${signer.approval}` : signer.issuer === null ? ', which is not served' : ''}`,
    `requester    ${quoted(requester.username)}${requester.groups.length > 0 ? ` of ${requester.groups.map(quoted).join(', ')}` : ''}`,
    `             ${requesterText(requester.listed)}`,
    ...decodedLines(report, red),
    ...(request.proofOfPossession === true ? ['possession   proven: the request is signed by its own key'] : []),
    `usages       ${asked.usages.map(quoted).join(', ') || 'none'}`,
    `lifetime     ${asked.lifetime === null ? 'nothing asked' : durationText(asked.lifetime)}`,
    ...Object.entries(asked.annotations).map(([key, value]) => `annotation   ${quoted(key)}: ${quoted(value)}`),
  ];
}

function requesterText(listed: Report['requester']['listed']): string {
  if (listed === null) return 'not listed under requesters: its word counts for its own service account alone';
  const { approves, vouches } = listed;
  const bounds = vouches === null ? 'vouches for nobody' : `vouches for namespaces ${vouches.namespaces.join(', ')} of ${vouches.trustDomains.join(', ')} at ${vouches.signers === 'all' ? 'every signer' : vouches.signers.join(', ')}`;
  return `listed: ${approves ? 'approves its own requests; ' : ''}${bounds}`;
}

function decodedLines({ request }: Report, red: Style['red']): string[] {
  const { readable, problem, lenient } = request;
  if (readable) return readLines(request);
  return [
    ...(problem === null ? [] : [red(`unreadable   ${violationText(problem)}`), 'Signet reads strictly, as two readers of one request must not see two things in it; what follows is the guess of a tolerant one']),
    ...(lenient === null ? [] : readLines(lenient)),
    ...(lenient === null || lenient.signatureAlgorithm === null ? [] : [`signature    by ${quoted(lenient.signatureAlgorithm)}, not verified`]),
    ...(lenient?.remarks ?? []).map((remark) => `             ${remark}`),
  ];
}

/** A request of 64 KiB may hold thousands. */
const MAX_SHOWN = 20;

function readLines({ key, subject, names, extensions }: Pick<NonNullable<Report['request']['lenient']>, 'key' | 'subject' | 'names' | 'extensions'>): string[] {
  return [
    ...(key === null ? [] : [`key          ${quoted(key)}`]),
    ...(subject === null ? [] : [`subject      ${subject === '' ? 'empty' : quoted(subject)}`]),
    ...shown(names).map((name, i) => `${i === 0 ? 'names        ' : '             '}${name}`),
    ...shown(extensions.map(extensionText)).map((text, i) => `${i === 0 ? 'extensions   ' : '             '}${text}`),
  ];
}

/** The alternative names stand above it. */
function extensionText({ name, critical, value }: { name: string; critical: boolean; value: string }): string {
  return `${name}${critical ? ', critical' : ''}${name === 'subjectAltName' ? '' : `: ${value}`}`;
}

function shown(texts: readonly string[]): string[] {
  return [...texts.slice(0, MAX_SHOWN).map(quoted), ...(texts.length > MAX_SHOWN ? [`and ${texts.length - MAX_SHOWN} more`] : [])];
}

function policyLines({ signer, general, alternatives, request }: Report, { red, green, yellow }: Style): string[] {
  const lines = (violations: readonly RuleViolation[]): string[] => violations.map((violation) => `    ${violationText(violation)}${violation.rule === null ? '' : ` [${violation.rule}]`}`);
  const each = alternatives.flatMap(({ id, allows, fits, violations }) => {
    const mark = fits === true ? green('fits') : fits === null ? yellow('may fit, by labels that are not known') : red('does not fit');
    return [`${id}: ${termsText(allows)}`, `  ${request.readable ? mark : 'was not asked'}`, ...lines(violations)];
  });
  return [
    general.length === 0 ? `the request itself: ${green('in order')}` : `the request itself: ${red('not in order')}, whatever is allowed`,
    ...lines(general),
    ...each,
    ...(signer.served && signer.issuer === null && alternatives.length === 0 ? [`${red('nothing is allowed')}: the signer's "allow" is empty`] : []),
  ];
}

/** What an entry of `allow` is about; keys and usages are told by what breaks them. */
function termsText({ requesters, namespaces, serviceAccounts, trustDomains, dnsNames, ipAddresses, uris }: AlternativeTerms): string {
  const parts: [string, readonly string[]][] = [
    ['namespaces', namespaces ?? []],
    ['serviceAccounts', serviceAccounts ?? []],
    ['trustDomains', namespaces === null ? [] : trustDomains],
    ['dnsNames', dnsNames],
    ['ipAddresses', ipAddresses],
    ['uris', uris],
    ['requesters', requesters ?? []],
  ];
  return parts.flatMap(([noun, items]) => (items.length === 0 ? [] : [`${noun} ${items.join(', ')}`])).join('; ');
}

function stepLines({ steps, state }: Report): string[] {
  if (state === 'final') return ['nothing more: it is decided'];
  return [`${state === 'pending' ? 'now ' : ''}while it is pending: ${stepText(steps.pending)}`, `${state === 'approved' ? 'now that' : 'once'} it is approved: ${stepText(steps.approved)}`];
}

function stepText(step: StepExplained): string {
  switch (step.do) {
    case 'nothing':
      return `nothing, as ${step.why}${step.notice === null ? '' : `; an Event ${step.notice.reason} tells the requester`}`;
    case 'wait':
      return `waits: ${step.message}`;
    case 'approve':
      return `approves it, by ${step.policy}`;
    case 'refuse':
      return `${step.as} (${step.reason})`;
    case 'issue':
      return `issues the certificate, by ${step.policy}`;
  }
}

function certificateLines({ certificate }: Report): string[] {
  if (certificate === null) return [];
  const { subject, ca, names, key, keyUsage, extendedKeyUsage, lifetime, notBefore, notAfter, issuer, adjustments } = certificate;
  return [
    `subject      ${subject === '' ? 'empty' : quoted(subject)}`,
    ...(ca ? ['CA:TRUE      it is the certificate of a CA'] : []),
    ...shown(names).map((name, i) => `${i === 0 ? 'names        ' : '             '}${name}`),
    `key          ${key}`,
    `usages       ${[...keyUsage, ...extendedKeyUsage].join(', ')}`,
    `lifetime     ${durationText(lifetime)}: ${notBefore} to ${notAfter}`,
    `issuer       ${issuer === null ? 'not known here' : `${quoted(issuer.subject)}, which ends ${issuer.notAfter}`}`,
    ...adjustments.map((adjustment) => `adjusted     ${adjustment}`),
  ];
}

/** All but the one that was asked; those that refuse too are only counted. */
function otherSigners({ signers, signer }: Report): string[] {
  const others = signers.filter((each) => each.signer !== signer.name);
  const refusing = others.filter(({ verdict }) => verdict === 'refused').length;
  return [
    ...others.flatMap((each) => (each.verdict === 'allowed' ? [`${each.signer} would allow the very same request, by ${each.policy}`] : each.verdict === 'unknown' ? [`${each.signer} may allow it, by labels that are not known`] : [])),
    ...(refusing > 0 ? [`${refusing} ${refusing === others.length ? '' : 'more '}would refuse it`] : []),
  ];
}

function statusLines({ status, events }: Report, { yellow }: Style): string[] {
  if (status === null) return [];
  const { outcome, conditions, certificate, signet, changed } = status;
  const facts = certificate === null ? [] : certificate.problem !== null ? [`certificate  cannot be read: ${certificate.problem}`] : [
    `certificate  serial ${certificate.serial}, ${certificate.bySignet ? 'by Signet' : 'not noted by Signet'}${certificate.sameKey === false ? ', FOR ANOTHER KEY than the request\'s' : ''}`,
    ...shown(certificate.names).map((name) => `             ${name}`),
    `             by ${quoted(certificate.issuer)}, ${certificate.notBefore} to ${certificate.notAfter}${certificate.ended ? ', which is over' : ''}`,
  ];
  return [
    `outcome      ${outcome}`,
    ...conditions.map(({ type, reason, message, since }) => `condition    ${quoted(type)} ${quoted(reason)}${since === null ? '' : ` since ${quoted(since)}`}: ${long(message)}`),
    ...facts,
    ...Object.entries(signet).map(([key, value]) => `annotation   ${quoted(`signet.dev/${key}`)}: ${quoted(value)}`),
    ...events.map(({ reason, message, at }) => `event        ${quoted(reason)}${at === null ? '' : ` at ${quoted(at)}`}: ${long(message)}`),
    ...(changed === null ? [] : [yellow(`CHANGED      ${changed}`)]),
  ];
}

/** A message of a condition, in pieces that `quoted` does not cut; each character may be two units. */
function long(text: string): string {
  const pieces = text.slice(0, 2000).match(/[^]{1,100}/gu) ?? [''];
  return `"${pieces.map((piece) => quoted(piece).slice(1, -1)).join('')}"`;
}

function answer({ verdict, message, signer, status }: Report, { red, green, yellow }: Style): string {
  const text = signer.near.length > 0 ? `${message}; did you mean ${signer.near.join(' or ')}?` : message;
  if (status?.outcome === 'issued') return `${green('issued:')} see above; now: ${verdict}`;
  if (status?.outcome === 'denied' || status?.outcome === 'failed' || status?.outcome === 'deleted') return `${red(`${status.outcome}:`)} see above; now: ${verdict}`;
  switch (verdict) {
    case 'allowed':
      return `${green('allowed:')} ${text}`;
    case 'refused':
      return `${red('refused:')} ${text}`;
    case 'unserved':
      return `${red('not served:')} ${text}`;
    case 'waits':
      return `${yellow('waits:')} ${text}`;
    case 'unknown':
      return `${yellow('cannot tell:')} ${text}`;
  }
}
