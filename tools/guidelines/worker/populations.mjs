// From what the defines of a measure's group gave to who is in which population, what was observed of them, and who has a gap.
import { CONTENT } from './objects.mjs';

// What a member is known by: a resource by its reference, anything else by what it says.
function keyOf(each, chart) {
  return chart.referenceOf(each) ?? each?.[CONTENT]?.() ?? (each?.constructor === Object ? JSON.stringify(each) : String(each));
}

// The members of a population: the patient or nobody where the answer is yes or no, else what was listed. A list that is asked about
// the patient means the patient where anything stands in it.
function members(value, basis, chart) {
  if (typeof value === 'boolean') return new Set(value ? ['patient'] : []);
  const listed = [value ?? []].flat().filter((each) => each != null);
  if (basis === 'boolean') return new Set(listed.length ? ['patient'] : []);
  return new Set(listed.map((each) => keyOf(each, chart)));
}

const within = (members, of) => new Set([...members].filter((each) => of?.has(each)));
const without = (members, out) => new Set([...members].filter((each) => !out?.has(each)));
const union = (sets) => new Set(sets.flatMap((each) => [...each]));

// Each population cut to those it may be counted among: [{id, code, of, members}] in the order of the group.
export function counted(group, values, chart) {
  const rows = group.populations.map((each, index) => ({ ...each, members: members(values[index], group.basis, chart) }));
  const all = (code) => rows.filter((each) => each.code === code);
  const cut = (code, how) => all(code).forEach((each) => { each.members = how(each.members, each); });
  const set = (code) => (all(code).length ? union(all(code).map((each) => each.members)) : undefined);
  // Of several initial populations the one that the population names, else any.
  const initial = ({ of }) => all('initial-population').find((each) => each.id && each.id === of)?.members ?? set('initial-population');
  for (const code of ['denominator', 'measure-population']) cut(code, (found, row) => within(found, initial(row)));
  if (group.scoring === 'ratio') ratio(cut, set, initial);
  else if (set('denominator')) proportion(cut, set);
  cut('measure-population-exclusion', (found) => within(found, set('measure-population')));
  return rows;
}

// A member of both numerator and exception counts as numerator, one of both exclusion and either as excluded.
function proportion(cut, set) {
  for (const code of ['denominator-exclusion', 'denominator-exception', 'numerator']) cut(code, (found) => within(found, set('denominator')));
  cut('numerator', (found) => without(found, set('denominator-exclusion')));
  cut('numerator-exclusion', (found) => within(found, set('numerator')));
  cut('denominator-exception', (found) => without(without(found, set('numerator')), set('denominator-exclusion')));
}

// Of a ratio, numerator and denominator stand side by side, each within its initial population.
function ratio(cut, set, initial) {
  cut('numerator', (found, row) => within(found, initial(row)));
  for (const code of ['denominator-exclusion', 'denominator-exception']) cut(code, (found) => within(found, set('denominator')));
  cut('denominator-exception', (found) => without(found, set('denominator-exclusion')));
  cut('numerator-exclusion', (found) => within(found, set('numerator')));
}

// What excludes a member from being observed, by the population that is observed.
const NOT_OBSERVED = {
  'measure-population': 'measure-population-exclusion',
  denominator: 'denominator-exclusion',
  numerator: 'numerator-exclusion',
};

// The values observed of the members of a population that are not excluded; `observed` are [member, value].
export function observations(rows, of, observed, basis, chart) {
  const out = union(rows.filter((each) => each.code === NOT_OBSERVED[of.code]).map((each) => each.members));
  const asked = without(of.members, out);
  const known = basis === 'boolean' ? () => 'patient' : (member) => keyOf(member, chart);
  return observed.filter(([member, value]) => value != null && asked.has(known(member))).map(([, value]) => (typeof value === 'number' ? value : String(value)));
}

// Who is asked about and not in the numerator (`unmet`), and who is in it (`met`); which of the two is a gap depends on the direction.
export function gaps(rows) {
  const found = (code) => union(rows.filter((each) => each.code === code).map((each) => each.members));
  const asked = without(without(found('denominator'), found('denominator-exclusion')), found('denominator-exception'));
  const met = without(within(found('numerator'), asked), found('numerator-exclusion'));
  return { met: [...met], unmet: [...without(asked, met)] };
}

// How many members each population has, one code that stands there twice taken together.
export function counts(rows) {
  const found = {};
  for (const { code, members: each } of rows) (found[code] ??= []).push(each);
  return Object.fromEntries(Object.entries(found).map(([code, sets]) => [code, union(sets).size]));
}
