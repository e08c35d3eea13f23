// The FHIR model, cut to what the libraries retrieve: reading all of its 931 types takes longer than a round's evaluation.

const TYPE = /<typeInfo\b[^>]*?(?:\/>|>[\s\S]*?<\/typeInfo>)/g;

// The model information with the given types, and whatever their elements and bases are made of.
export function cutTo(types, modelInfo) {
  const blocks = new Map([...modelInfo.matchAll(TYPE)].map(([block]) => [/ name="([^"]+)"/.exec(block)[1], block]));
  const kept = new Map();
  const waiting = [...types];
  while (waiting.length) {
    const name = waiting.pop();
    if (kept.has(name) || !blocks.has(name)) continue;
    kept.set(name, blocks.get(name));
    waiting.push(...[...blocks.get(name).matchAll(/"FHIR\.([\w.]+)"/g)].map(([, each]) => each));
  }
  const head = modelInfo.slice(0, modelInfo.search(/<typeInfo\b/));
  return `${head}${[...kept.values()].join('')}</modelInfo>`;
}
