// Weighs what a first visit loads: the entry, what it imports, their styles, and the
// home page. Compressed with gzip at level 9; fails above the bound.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const bound = 300; // kB (1000 bytes), compressed
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

function files(...roots) {
  const seen = new Set();
  const found = new Set();
  const visit = (name) => {
    const chunk = manifest[name];
    if (!chunk || seen.has(name)) return;
    seen.add(name);
    found.add(chunk.file);
    for (const css of chunk.css ?? []) found.add(css);
    for (const next of chunk.imports ?? []) visit(next);
  };
  roots.forEach(visit);
  return found;
}

function weigh(names) {
  let bytes = 0;
  for (const name of names) bytes += gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length;
  return bytes / 1000;
}

const home = files('index.html', 'src/home/HomePage.tsx');
home.add('index.html');
const first = weigh(home);
const entry = weigh(files('index.html'));
const chart = new Set([...files('src/cost/DayChart.tsx')].filter((f) => !home.has(f)));
console.log(`first load ${first.toFixed(1)} kB compressed (frame ${entry.toFixed(1)}), chart afterwards ${weigh(chart).toFixed(1)} kB; bound ${bound} kB`);
if (first > bound) {
  console.error('the first load is too heavy: split it, or drop a dependency');
  process.exit(1);
}
