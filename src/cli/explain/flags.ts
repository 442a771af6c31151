import type { Config } from '../../config.ts';
import { parseDuration } from '../../core/duration.ts';
import type { NamespaceLabels } from '../../core/namespace-claim.ts';
import type { WorkloadIdentity } from '../../core/spiffe-id.ts';
import { USAGES } from '../../core/usage.ts';
import { signerNamed } from '../bundle.ts';
import { CommandFailure } from '../failure.ts';
import { suggestion } from '../suggestion.ts';

/** `a,b` as a list. */
export function listFlag(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').map((item) => item.trim()).filter((item) => item !== '');
}

/** Usages as spec.usages has them; one that the API server would not take is a mistake here, not a refusal there. Throws CommandFailure. */
export function usagesFlag(text: string | undefined): readonly string[] | undefined {
  const usages = listFlag(text);
  if (usages?.length === 0) throw new CommandFailure(`--usages must have one at least; found "${text}"`, { hints: ['leave it out for those of Istio'] });
  const unknown = usages?.find((usage) => !(USAGES as readonly string[]).includes(usage));
  if (unknown === undefined) return usages;
  const meant = suggestion(unknown, USAGES);
  throw new CommandFailure(`--usages has "${unknown}", which is no usage of spec.usages`, { hints: [...(meant === null ? [] : [`did you mean "${meant}"?`]), `there are ${USAGES.join(', ')}`] });
}

/** What the API server takes for spec.expirationSeconds: ten minutes at least, in 32 bits. */
export const EXPIRATION = { min: 600, max: 2 ** 31 - 1 } as const;

/** Seconds, as spec.expirationSeconds has them; what the API server would not take is a mistake. Throws CommandFailure. */
export function expirationFlag(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== null && Number.isSafeInteger(seconds) && seconds >= EXPIRATION.min && seconds <= EXPIRATION.max) return seconds;
  throw new CommandFailure(`--expiration must be a duration of whole seconds such as 24h, 10m to ${EXPIRATION.max}s, as the API server takes no other; found "${text}"`);
}

/** `key=value`, each. Throws CommandFailure. */
export function annotationsFlag(pairs: readonly string[] | undefined): Readonly<Record<string, string>> | undefined {
  return pairs === undefined ? undefined : keysAndValues(pairs, '--annotations');
}

/** `NAMESPACE:key=value,key=value`, each; `NAMESPACE:` is one without labels. Throws CommandFailure. */
export function labelsFlag(texts: readonly string[] | undefined): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const all = new Map<string, Readonly<Record<string, string>>>();
  for (const text of texts ?? []) {
    const [, namespace, labels = ''] = /^([a-z0-9-]+):(.*)$/.exec(text) ?? [];
    if (namespace === undefined) throw new CommandFailure(`--namespace-labels must be NAMESPACE:key=value,…; found "${text}"`);
    if (all.has(namespace)) throw new CommandFailure(`--namespace-labels has the namespace "${namespace}" twice; put all its labels into one, after commas`);
    all.set(namespace, keysAndValues(labels.split(',').filter((pair) => pair !== ''), '--namespace-labels'));
  }
  return all;
}

/** What is known of labels as far as this request goes: nothing, where one of its namespaces is not among those that were told. */
export function labelsFor(workloads: readonly WorkloadIdentity[], told: ReadonlyMap<string, Readonly<Record<string, string>>>): NamespaceLabels {
  return workloads.every(({ namespace }) => told.has(namespace)) ? told : null;
}

/** A whole name is taken as it is, as explaining one that is not served is what people come for; a last part must be one signer's. Throws CommandFailure. */
export function signerFlag(text: string | undefined, config: Pick<Config, 'signers'>): string | undefined {
  return text === undefined || text.includes('/') ? text : signerNamed(text, config);
}

function keysAndValues(pairs: readonly string[], option: string): Record<string, string> {
  const entries = pairs.map((pair) => keyAndValue(pair, option));
  const twice = entries.find(([key], i) => entries.findIndex(([other]) => other === key) < i);
  if (twice !== undefined) throw new CommandFailure(`${option} has "${twice[0]}" twice`);
  return Object.fromEntries(entries);
}

function keyAndValue(pair: string, option: string): [string, string] {
  const at = pair.indexOf('=');
  if (at < 1) throw new CommandFailure(`${option} must have key=value; found "${pair}"`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}
