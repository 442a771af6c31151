import { invalid, required, tooLong, type Cause } from '../cause.ts';
import { problemOfLabel, problemOfSubdomain } from '../objects/name.ts';

/** A namespace, a dot and an object name must fit after the slash. */
const LONGEST_PATH = 253 + 63 + 1;

/** `domain/path`: at least two DNS labels, one slash, then subdomains joined by dots. Gives what is wrong with it. */
export function signerNameCauses(field: string, signerName: string): readonly Cause[] {
  if (signerName === '') return [required(field)];
  const [domain = '', path = '', ...more] = signerName.split('/');
  if (more.length > 0 || !signerName.includes('/')) {
    return [invalid(field, signerName, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  return [...domainCauses(field, domain), ...pathCauses(field, path)];
}

function domainCauses(field: string, domain: string): readonly Cause[] {
  const labels = domain.split('.');
  const causes: Cause[] = domain.length > 253 ? [tooLong(field, 253)] : [];
  const bad = labels.find((label) => problemOfLabel(label) !== undefined);
  if (bad !== undefined) causes.push(invalid(field, domain, `validating label "${bad}": ${problemOfLabel(bad) ?? ''}`));
  if (labels.length < 2) causes.push(invalid(field, domain, 'should be a domain with at least two segments separated by dots'));
  return causes;
}

function pathCauses(field: string, path: string): readonly Cause[] {
  const bad = path.split('.').find((segment) => problemOfSubdomain(segment) !== undefined);
  const causes = bad === undefined ? [] : [invalid(field, path, `validating label "${bad}": ${problemOfSubdomain(bad) ?? ''}`)];
  return path.length > LONGEST_PATH ? [...causes, tooLong(field, LONGEST_PATH)] : causes;
}
