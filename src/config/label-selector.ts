import { z } from 'zod';
import type { LabelRequirement, LabelSelector } from '../core/label-selector.ts';

/** apimachinery, util/validation: IsQualifiedName, an optional DNS subdomain and a name of at most 63 characters. */
const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_KEY = new RegExp(`^(?=[^/]{1,253}(/|$))(${DNS_LABEL}(\\.${DNS_LABEL})*/)?${NAME}$`);
/** IsValidLabelValue: empty, or as the name of a key. */
const LABEL_VALUE = new RegExp(`^(${NAME})?$`);

const KEY_MESSAGE = 'must be the key of a label, such as "tenant" or "example.com/tenant"';
const VALUE_MESSAGE = 'must be the value of a label: text of at most 63 letters, digits, dashes, dots and underscores; put a number in quotes';
const key = z.string(KEY_MESSAGE).regex(LABEL_KEY, KEY_MESSAGE);
const value = z.string(VALUE_MESSAGE).regex(LABEL_VALUE, VALUE_MESSAGE);

const expression = z
  .strictObject({
    key,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], 'must be In, NotIn, Exists or DoesNotExist'),
    values: z.array(value, 'must be a list of values').default([]),
  }, 'must be a mapping such as { key: tenant, operator: In, values: [foo] }')
  .superRefine(({ operator, values }, context) => {
    const wanted = operator === 'In' || operator === 'NotIn';
    if (wanted === values.length > 0) return;
    context.addIssue({ code: 'custom', path: ['values'], message: wanted ? `must not be empty with ${operator}` : `must not be there with ${operator}` });
  });

/** A LabelSelector as Kubernetes has it (metav1.LabelSelector); everything in it must hold. An empty one, which selects everything there, is a contradiction. */
export const labelSelector = z.strictObject({
  matchLabels: z.record(key, value, 'must be a mapping of labels such as { tenant: foo }').optional().describe('Labels with their values'),
  matchExpressions: z.array(expression, 'must be a list').optional().describe('Conditions: key, operator (In, NotIn, Exists, DoesNotExist), values'),
}, 'must be a mapping such as { matchLabels: { tenant: foo } }');

export type LabelSelectorDocument = z.output<typeof labelSelector>;

export function toSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelectorDocument): LabelSelector {
  const equal = Object.entries(matchLabels).map(([label, only]): LabelRequirement => ({ key: label, operator: 'In', values: [only] }));
  return { requirements: [...equal, ...matchExpressions] };
}
