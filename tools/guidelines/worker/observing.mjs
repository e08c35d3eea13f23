// Measure observations: a function of the logic, asked about each member of the population that it observes.

const OBSERVATION = 'measure-observation';
// What an observation is about where it names no population.
const USUAL = ['measure-population', 'numerator', 'denominator', 'initial-population'];

// The population of a group that an observation is about.
export function standing(group, rows, observation) {
  const named = rows.find((each) => each.id && each.id === observation.of);
  return named ?? USUAL.map((code) => rows.find((each) => each.code === code)).find(Boolean);
}

// For each observation a define that lists [member, value] pairs, written into the main library before it is parsed; its name is left
// in `observes`. Both the measure and the library are changed in place; tells whether the library was.
export function observing(measure, library) {
  let changed = false;
  for (const group of measure.groups) {
    for (const each of group.populations) {
      if (each.code !== OBSERVATION) continue;
      const of = standing(group, group.populations, each);
      each.observes = `${each.expression} of ${of?.expression ?? 'nothing'}`;
      if (!of || library.statements.def.some((one) => one.name === each.observes)) continue;
      const listed = takesMember(library, each.expression) ? pairs(of.expression, each.expression) : alone(each.expression);
      library.statements.def.push({ name: each.observes, context: 'Patient', accessLevel: 'Public', expression: listed });
      changed = true;
    }
  }
  return changed;
}

function takesMember(library, name) {
  return library.statements.def.some((each) => each.name === name && each.type === 'FunctionDef' && each.operand?.length > 0);
}

const list = (...element) => ({ type: 'List', element });

// Of a patient: one value, from a function without a member, or from a define.
function alone(name) {
  return list(list({ type: 'Literal', valueType: '{urn:hl7-org:elm-types:r1}String', value: 'patient' }, { type: 'FunctionRef', name, operand: [] }));
}

function pairs(population, name) {
  const member = { type: 'AliasRef', name: 'Member' };
  const value = { type: 'FunctionRef', name, operand: [member] };
  return {
    type: 'Query',
    source: [{ alias: 'Member', expression: { type: 'ExpressionRef', name: population } }],
    relationship: [],
    return: { distinct: false, expression: list(member, value) },
  };
}
