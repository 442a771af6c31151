/** Labels of one object: key to value. */
export type Labels = Readonly<Record<string, string>>;

/**
 * One condition on a label (apimachinery, metav1.LabelSelectorRequirement). `values` is empty for Exists and DoesNotExist, and not empty
 * for the others. A matchLabels entry is an In of one value.
 */
export type LabelRequirement = { readonly key: string; readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; readonly values: readonly string[] };

/** Requirements that must all hold; never empty, as an empty selector would select everything without saying so. */
export type LabelSelector = { readonly requirements: readonly LabelRequirement[] };

/** Whether labels meet every requirement, as Kubernetes decides it (apimachinery, labels.Requirement.Matches): NotIn holds where there is no such label. */
export function matchesLabels({ requirements }: LabelSelector, labels: Labels): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
}

/** The selector as `kubectl get -l` takes it: `tenant=foo,env in (dev,test),!frozen`. */
export function selectorText({ requirements }: LabelSelector): string {
  return requirements
    .map(({ key, operator, values }) => {
      switch (operator) {
        case 'In':
          return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(',')})`;
        case 'NotIn':
          return values.length === 1 ? `${key}!=${values[0] ?? ''}` : `${key} notin (${values.join(',')})`;
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
      }
    })
    .join(',');
}
