// S1: 6,000 single sets of a 40-byte transform over 1,000 nodes, each applied on a second replica. Prints edits per
// second of the whole, and of applying alone.
import * as Y from 'yjs';

const kNodes = 1000;
const kEdits = 6000;

function makeDocument() {
  const document = new Y.Doc();
  const nodes = document.getMap('nodes');
  document.transact(() => {
    for (let at = 0; at < kNodes; ++at) {
      const node = new Y.Map();
      node.set('transform', new Uint8Array(40));
      nodes.set('n' + at, node);
    }
  });
  return document;
}

function run() {
  const first = makeDocument();
  const second = new Y.Doc();
  Y.applyUpdate(second, Y.encodeStateAsUpdate(first));
  const third = new Y.Doc();
  Y.applyUpdate(third, Y.encodeStateAsUpdate(first));
  const updates = [];
  let live = false;
  first.on('update', (update) => {
    if (!live) return;
    updates.push(update);
    Y.applyUpdate(second, update);
  });
  const nodes = first.getMap('nodes');
  live = true;
  const begin = performance.now();
  for (let edit = 0; edit < kEdits; ++edit) {
    const transform = new Uint8Array(40);
    new DataView(transform.buffer).setFloat32(0, edit, true);
    nodes.get('n' + ((edit * 7919) % kNodes)).set('transform', transform);
  }
  const whole = performance.now() - begin;
  const applyBegin = performance.now();
  for (const update of updates) Y.applyUpdate(third, update);
  const apply = performance.now() - applyBegin;
  return { edit_and_apply_per_s: (kEdits / whole) * 1000, apply_per_s: (kEdits / apply) * 1000 };
}

const runs = [];
for (let round = 0; round < 7; ++round) runs.push(run());
const median = (key) => runs.map((r) => r[key]).sort((a, b) => a - b)[3];
const medians = ['edit_and_apply_per_s', 'apply_per_s'].map((name) => [name, median(name)]);
console.log(JSON.stringify(Object.fromEntries(medians)));
