// ELM in words: what a clause asks, as short as a person would say it.

const BETWEEN = {
  And: 'and', Or: 'or', Xor: 'or else', Greater: '>', GreaterOrEqual: '≥', Less: '<', LessOrEqual: '≤', Equal: 'is', Equivalent: 'is',
  NotEqual: 'is not', Add: '+', Subtract: '−', Multiply: '×', Divide: '/', In: 'in', IncludedIn: 'within', Contains: 'contains',
  SameOrBefore: 'on or before', SameOrAfter: 'on or after', Before: 'before', After: 'after', Union: 'or', Intersect: 'also in', Except: 'except',
};
const BEFORE = {
  Exists: 'there is', Not: 'not', Count: 'number of', First: 'first', Last: 'last', IsTrue: '', IsFalse: 'not', Start: 'start of', End: 'end of',
  AnyTrue: 'any of', AllTrue: 'all of', Max: 'highest', Min: 'lowest', Sum: 'sum of', Abs: 'size of', Length: 'length of', Distinct: '', Flatten: '',
  SingletonFrom: '', ToList: '', ToConcept: '', ToDecimal: '', ToInteger: '', ToString: '', ToQuantity: '', ToDateTime: '', ToDate: '', As: '', Convert: '', Round: '',
};
const MEANT = { Null: 'unknown', Today: 'today', Now: 'now' };

// A name without the alias of the library that it came from.
const bareName = (name) => name.slice(name.lastIndexOf('.') + 1);

export function words(node, depth = 4) {
  if (!node || depth < 0) return '…';
  const inside = (each) => words(each, depth - 1);
  const operands = [node.operand ?? node.source ?? []].flat();
  if (node.type in BETWEEN) return operands.map((each) => grouped(each, inside)).join(` ${BETWEEN[node.type]} `);
  if (node.type in BEFORE) return `${BEFORE[node.type]} ${grouped(operands[0], inside)}`.trim();
  if (node.type in MEANT) return MEANT[node.type];
  switch (node.type) {
    case 'Literal': return node.value;
    case 'Quantity': return `${node.value} ${node.unit ?? ''}`.trim();
    case 'ExpressionRef': case 'ParameterRef': case 'ValueSetRef': case 'ConceptRef': case 'CodeRef': return bareName(node.name);
    case 'AliasRef': case 'QueryLetRef': case 'OperandRef': return node.name;
    case 'IsNull': return `${inside(operands[0])} is not there`;
    case 'Coalesce': return inside(operands[0]?.type === 'List' ? operands[0].element[0] : operands[0]);
    case 'Property': return node.source ? `${node.path} of ${inside(node.source)}` : `${node.path}`;
    case 'If': return `${inside(node.then)} if ${inside(node.condition)}, else ${inside(node.else)}`;
    case 'FunctionRef': return `${bareName(node.name)} ${operands.map(inside).join(', ')}`.trim();
    case 'Interval': return `from ${inside(node.low)} to ${inside(node.high)}`;
    case 'List': return (node.element ?? []).map(inside).join(', ');
    case 'Query': return `some of ${[node.source].flat().map((each) => inside(each.expression)).join(', ')}`;
    case 'Retrieve': return lookedFor(node);
    default: return node.type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  }
}

function grouped(node, inside) {
  return ['And', 'Or', 'If'].includes(node?.type) ? `(${inside(node)})` : inside(node);
}

// What a retrieve asks the chart for: "Observation: HbA1c".
export function lookedFor(retrieve) {
  const type = retrieve.dataType.replace(/^.*[}/]/, '');
  const named = [];
  const collect = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (['ConceptRef', 'ValueSetRef', 'CodeRef'].includes(node.type)) named.push(bareName(node.name));
    else Object.values(node).forEach(collect);
  };
  collect(retrieve.codes);
  return named.length ? `${type}: ${[...new Set(named)].join(', ')}` : type;
}
