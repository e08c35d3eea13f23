// From what the defines of a measure's group gave to who is in which population, and who has a gap.
import { CONTENT } from './objects.mjs';

// The members of a population: for a yes-or-no measure the patient or nobody, else resources by reference or content.
function members(value, basis, chart) {
  if (basis === 'boolean') return new Set(value === true ? ['patient'] : []);
  return new Set([value ?? []].flat().map((each) => chart.referenceOf(each) ?? each?.[CONTENT]?.() ?? String(each)));
}

const within = (members, of) => new Set([...members].filter((each) => of.has(each)));
const without = (members, out) => new Set([...members].filter((each) => !out?.has(each)));

// Each population cut to those it may be counted among. A member of both numerator and exception counts as numerator.
export function counted(values, basis, chart) {
  const found = Object.fromEntries(Object.entries(values).map(([code, value]) => [code, members(value, basis, chart)]));
  if (!found.denominator) return found;
  found.denominator = within(found.denominator, found['initial-population']);
  for (const code of ['denominator-exclusion', 'denominator-exception', 'numerator', 'numerator-exclusion']) {
    if (found[code]) found[code] = within(found[code], found.denominator);
  }
  const excluded = found['denominator-exclusion'];
  if (found.numerator) found.numerator = without(found.numerator, excluded);
  if (found['numerator-exclusion']) found['numerator-exclusion'] = within(found['numerator-exclusion'], found.numerator);
  if (found['denominator-exception']) found['denominator-exception'] = without(without(found['denominator-exception'], found.numerator), excluded);
  return found;
}

// Who is asked about and not in the numerator (`unmet`), and who is in it (`met`); which of the two is a gap depends on the direction.
export function gaps(found) {
  const asked = without(without(found.denominator ?? new Set(), found['denominator-exclusion']), found['denominator-exception']);
  const met = without(within(found.numerator ?? new Set(), asked), found['numerator-exclusion']);
  return { met: [...met], unmet: [...without(asked, met)] };
}
