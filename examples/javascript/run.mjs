// Runs one example:
//
//   export STEWARD_URL=http://127.0.0.1:8080 STEWARD_KEY=sk-...
//   node run.mjs openai sim/small
//
// The examples are openai, responses, anthropic, gemini, and Vercel's providers:
// "vercel openai responses", "vercel openai chat", "vercel anthropic", "vercel google".
const [name = 'openai', model = 'sim/small'] = process.argv.slice(2);
const { STEWARD_URL: url = 'http://127.0.0.1:8080', STEWARD_KEY: key } = process.env;

const example = await load(name);
const client = example.connect({ url, key });

console.log('chat:', (await example.chat(client, model, 'Say hello.')).text);
process.stdout.write('stream: ');
await example.stream(client, model, 'Tell a short story.', (piece) => process.stdout.write(piece));
console.log();
console.log('tools:', await example.tools(client, model, ({ city }) => `18 degrees in ${city}`));
console.log('structured:', await example.structured(client, model));
if (example.reasoning) console.log('reasoning:', await example.reasoning(client, model));

// A caller who loses interest aborts: Steward hangs up on the provider.
const controller = new AbortController();
await example.stream(client, model, 'Tell a long story.', () => controller.abort(), controller.signal).catch((error) => {
  console.log('cancelled:', example.explain(error));
});
await example.chat(client, 'sim/nonesuch', 'Hello?').catch((error) => console.log('error:', example.explain(error)));

async function load(name) {
  if (!name.startsWith('vercel ')) return import(`./${name}.mjs`);
  const vercel = await import('./vercel.mjs');
  return vercel.example(vercel.providers[name.slice('vercel '.length)]);
}
